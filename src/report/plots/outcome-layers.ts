import { percent } from '../numbers.ts';
import { hue, ink, line, markLine, paper, quietInk } from './colours.ts';
import { type Draw, drawPlot } from './draw.ts';
import type { Plot } from './plot.ts';

/** A task and its marked layers, in their order; null where there is none. */
export interface LayerRow {
  readonly label: string;
  readonly layers: readonly (number | null)[];
}

/** Shapes of the marks, in their order. */
const shapes = ['circle', 'diamond2', 'square2'] as const;

/** Where in a model of `depth` layers the marked ones lie: a line a task, a colour and a shape a mark, their numbers beside. */
export const outcomeLayersPlot = (label: string, rows: readonly LayerRow[], depth: number, hues: readonly number[]): Promise<Plot> => {
  const marks = rows.flatMap(({ label, layers }) => layers.flatMap((layer, i) => (layer === null ? [] : [{ label, share: layer / depth, i }])));
  const spans = rows.map(({ label, layers }) => {
    const shares = layers.flatMap((layer) => (layer === null ? [] : [layer / depth]));
    return { label, from: Math.min(...shares), to: Math.max(...shares) };
  });
  const draw: Draw = (plot, { width, wide }) => {
    const drop = wide ? 0 : 9;
    const named = { y: 'label', text: 'label', frameAnchor: 'left', fill: ink } as const;
    return {
      width,
      height: 48 + rows.length * (wide ? 30 : 46),
      marginTop: 8,
      marginLeft: wide ? Math.min(220, 24 + Math.max(...rows.map(({ label }) => label.length)) * 6.8) : 12,
      marginRight: wide ? 110 : 104,
      x: { label: 'share of the layers →', labelArrow: 'none', domain: [0, 1], ticks: wide ? 6 : 3, tickSize: 0, tickFormat: (x: number) => percent(x, 0) },
      y: { type: 'band', domain: rows.map(({ label }) => label), axis: null, padding: 0 },
      marks: [
        plot.gridX({ stroke: line, strokeOpacity: 1, ticks: wide ? 6 : 3 }),
        plot.ruleX([0], { stroke: markLine }),
        wide
          ? plot.text(rows, { ...named, textAnchor: 'end', dx: -14 })
          : plot.text(rows, { ...named, textAnchor: 'start', dx: 4, dy: -12, fontWeight: 600, stroke: paper, strokeWidth: 4 }),
        plot.link(spans, { x1: 'from', x2: 'to', y1: 'label', y2: 'label', dy: drop, stroke: markLine, strokeWidth: 1.5, strokeOpacity: 0.6 }),
        ...shapes.map((symbol, i) =>
          plot.dot(
            marks.filter((mark) => mark.i === i),
            { x: 'share', y: 'label', dy: drop, r: 5, symbol, fill: hue(hues[i]!), stroke: hue(hues[i]!) },
          ),
        ),
        plot.text(rows, {
          y: 'label',
          frameAnchor: 'right',
          textAnchor: 'start',
          dx: 12,
          dy: drop,
          fill: quietInk,
          text: ({ layers }: LayerRow) => layers.map((layer) => layer ?? '–').join(' · '),
        }),
      ],
    };
  };
  return drawPlot(label, draw);
};
