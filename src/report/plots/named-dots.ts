import { hue, ink, line, markLine, paper } from './colours.ts';
import { type Draw, drawPlot } from './draw.ts';
import type { Plot } from './plot.ts';

/** Values of one thing, one a series; the order of series is that of the shapes and hues. */
export interface NamedDots {
  readonly label: string;
  readonly values: readonly number[];
}

/** Shapes of series, in their order. */
const shapes = ['circle', 'diamond2', 'square2', 'triangle2'] as const;

/** A line a thing, on it a dot a series around a line at 0. */
export const namedDotsPlot = (
  label: string,
  rows: readonly NamedDots[],
  { axis, format, hues }: { readonly axis: string; readonly format: (value: number) => string; readonly hues: readonly number[] },
): Promise<Plot> => {
  const dots = rows.flatMap(({ label: name, values }) => values.map((value, series) => ({ name, value, series })));
  const spans = rows.map(({ label: name, values }) => ({ name, from: Math.min(0, ...values), to: Math.max(0, ...values) }));
  const draw: Draw = (plot, { width, wide }) => ({
    width,
    height: 52 + rows.length * 22,
    marginTop: 8,
    marginBottom: 40,
    marginLeft: 16 + Math.max(...rows.map(({ label: name }) => name.length)) * 6.8,
    marginRight: 20,
    x: { label: `${axis} →`, labelArrow: 'none', ticks: wide ? 8 : 4, tickSize: 0, tickFormat: format },
    y: { type: 'band', domain: rows.map(({ label: name }) => name), axis: null, padding: 0 },
    marks: [
      plot.gridX({ stroke: line, strokeOpacity: 1, ticks: wide ? 8 : 4 }),
      plot.ruleX([0], { stroke: markLine }),
      plot.text(rows, { y: 'label', text: 'label', frameAnchor: 'left', textAnchor: 'end', dx: -10, fill: ink }),
      plot.link(spans, { x1: 'from', x2: 'to', y1: 'name', y2: 'name', stroke: markLine, strokeWidth: 1.5, strokeOpacity: 0.6 }),
      ...shapes.map((symbol, i) =>
        plot.dot(
          dots.filter(({ series }) => series === i),
          { x: 'value', y: 'name', r: 4, symbol, fill: i === 0 ? paper : hue(hues[i] ?? i), stroke: hue(hues[i] ?? i), strokeWidth: 1.75 },
        ),
      ),
    ],
  });
  return drawPlot(label, draw);
};
