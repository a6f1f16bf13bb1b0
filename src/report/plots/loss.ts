import { figure } from '../numbers.ts';
import { hue, ink, line, markLine } from './colours.ts';
import { type Draw, drawPlot } from './draw.ts';
import type { Plot } from './plot.ts';

export interface LossPoint {
  readonly step: number;
  readonly value: number;
}

/** A curve with its name at its end. */
export interface LossCurve {
  readonly name: string;
  readonly colour: string;
  readonly points: readonly LossPoint[];
  /** A thin line behind the others. */
  readonly faint?: boolean;
}

const most = 240;
/** A curve's colour, deep enough for words. */
const deep = (colour: string): string => `color-mix(in srgb, ${colour} 75%, ${ink})`;

/** Means of runs of neighbours, so that at most 240 points remain; `each` = how many points one stands for. */
export const thinned = (points: readonly LossPoint[]): { points: LossPoint[]; each: number } => {
  const each = Math.max(1, Math.ceil(points.length / most));
  if (each === 1) return { points: [...points], each };
  return {
    each,
    points: Array.from({ length: Math.ceil(points.length / each) }, (_, i) => {
      const some = points.slice(i * each, (i + 1) * each);
      return { step: some.at(-1)!.step, value: some.reduce((sum, { value }) => sum + value, 0) / some.length };
    }),
  };
};

/** Where names may stand so that they do not cover each other: in order, at least `gap` apart, up to `end` where there is room. */
export const spread = (places: readonly number[], gap: number, end: number): number[] => {
  const order = places.map((place, index) => ({ place, index })).sort((a, b) => a.place - b.place || a.index - b.index);
  for (let i = 1; i < order.length; i++) order[i]!.place = Math.max(order[i]!.place, order[i - 1]!.place + gap);
  for (let i = order.length - 1, most = end; i >= 0; i--, most -= gap) order[i]!.place = Math.min(order[i]!.place, most);
  const moved: number[] = [];
  for (const { place, index } of order) moved[index] = place;
  return moved;
};

/** Loss by step, one curve after another; `lowest` is ringed. */
export const lossPlot = (label: string, curves: readonly LossCurve[], lowest?: LossPoint): Promise<Plot> => {
  const draw: Draw = (plot, { width, wide }) => {
    const height = wide ? 300 : 260;
    const ends = curves.flatMap(({ name, colour, points }) => (points.length > 0 ? [{ name, colour, ...points.at(-1)! }] : []));
    const values = curves.flatMap(({ points }) => points.map(({ value }) => value));
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const pad = (high - low || Math.abs(high) || 1) * 0.06;
    const perPixel = (high - low + 2 * pad) / (height - 60);
    const at = spread(
      ends.map(({ value }) => -value / perPixel),
      15,
      -low / perPixel,
    );
    const names = ends.map((end, i) => ({ ...end, at: -at[i]! * perPixel, text: wide ? `${end.name} ${figure(end.value)}` : end.name }));
    const longest = Math.max(...names.map(({ text }) => text.length));
    return {
      width,
      height,
      marginRight: Math.min(wide ? 240 : 130, longest * 7.4 + 14),
      x: { label: 'step →', ticks: wide ? 8 : 4, tickSize: 0, tickFormat: (step: number) => (Number.isInteger(step) ? String(step) : '') },
      y: { label: '↑ loss, nats', domain: [low - pad, high + pad], ticks: 5, tickSize: 0, labelArrow: 'none' },
      marks: [
        plot.gridY({ stroke: line, strokeOpacity: 1, ticks: 5 }),
        ...curves.map(({ points, colour, faint }) =>
          plot.line(points, { x: 'step', y: 'value', stroke: colour, strokeWidth: faint ? 1.2 : 2, strokeOpacity: faint ? 0.75 : 1 }),
        ),
        ...(lowest ? [plot.dot([lowest], { x: 'step', y: 'value', r: 5, stroke: hue(1), strokeWidth: 2, fill: 'var(--paper)' })] : []),
        ...names.map((name) => plot.text([name], { x: 'step', y: 'at', text: 'text', fill: deep(name.colour), textAnchor: 'start', dx: 8, fontWeight: 600 })),
        plot.ruleY([low - pad], { stroke: markLine }),
      ],
    };
  };
  return drawPlot(label, draw);
};
