import { percent } from '../numbers.ts';
import { hue, line, markLine, paper, quietInk } from './colours.ts';
import { type Draw, drawPlot } from './draw.ts';
import type { Plot } from './plot.ts';

/** A share before and after, without an interval. */
export interface Move {
  readonly label: string;
  readonly before: number;
  readonly after: number;
}

/** A line a row, from before (hollow) to after (full). */
export const movesPlot = (label: string, rows: readonly Move[], { axis = 'share right' }: { readonly axis?: string } = {}): Promise<Plot> => {
  const draw: Draw = (plot, { width, wide }) => {
    const high = Math.max(0.05, ...rows.flatMap(({ before, after }) => [before, after]));
    const named = { y: 'label', text: 'label', frameAnchor: 'left' } as const;
    return {
      width,
      height: 60 + rows.length * (wide ? 24 : 38),
      marginTop: 8,
      marginLeft: wide ? Math.min(220, 24 + Math.max(...rows.map(({ label }) => label.length)) * 6.8) : 12,
      marginRight: wide ? 120 : 116,
      x: { label: `${axis} →`, labelArrow: 'none', domain: [0, high], ticks: wide ? 6 : 3, tickSize: 0, tickFormat: (x: number) => percent(x, 0) },
      y: { type: 'band', domain: rows.map(({ label }) => label), axis: null, padding: 0 },
      marks: [
        plot.gridX({ stroke: line, strokeOpacity: 1, ticks: wide ? 6 : 3 }),
        plot.ruleX([0], { stroke: markLine }),
        wide
          ? plot.text(rows, { ...named, textAnchor: 'end', dx: -14, fill: 'var(--ink)' })
          : plot.text(rows, { ...named, textAnchor: 'start', dx: 4, dy: -9, fill: 'var(--ink)' }),
        plot.link(rows, { x1: 'before', x2: 'after', y1: 'label', y2: 'label', dy: wide ? 0 : 8, stroke: hue(0), strokeWidth: 2, strokeOpacity: 0.55 }),
        plot.dot(rows, { x: 'before', y: 'label', dy: wide ? 0 : 8, r: 4, stroke: quietInk, strokeWidth: 2, fill: paper }),
        plot.dot(rows, { x: 'after', y: 'label', dy: wide ? 0 : 8, r: 4, stroke: hue(0), strokeWidth: 2, fill: hue(0) }),
        plot.text(rows, {
          x: ({ before, after }: Move) => Math.max(before, after),
          y: 'label',
          dx: 12,
          dy: wide ? 0 : 8,
          textAnchor: 'start',
          stroke: paper,
          strokeWidth: 4,
          fill: quietInk,
          text: ({ before, after }: Move) => `${(before * 100).toFixed(1)} → ${percent(after)}`,
        }),
      ],
    };
  };
  return drawPlot(label, draw);
};
