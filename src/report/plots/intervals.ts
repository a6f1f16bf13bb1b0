import type { Interval } from '../adapt-result.ts';
import { points as inPoints, percent } from '../numbers.ts';
import { hue, line, markLine, paper, quietInk } from './colours.ts';
import { type Draw, drawPlot } from './draw.ts';
import type { Plot } from './plot.ts';

/** A line of the plot: one or two figures, each with its interval where it has one. */
export interface IntervalRow {
  readonly label: string;
  readonly before?: Interval;
  readonly after: Interval;
  /** Figures that the last one is made of: rings below it. */
  readonly parts?: readonly number[];
}

export interface IntervalLook {
  /** Of the axis. */
  readonly axis: string;
  /** `share` in [0, 1] drawn from 0, or `difference` around a line at 0. */
  readonly scale: 'share' | 'difference';
  /** Colour of each row's figure; the first hue unless told. */
  readonly colour?: (index: number) => string;
  /** Where a dashed line stands. */
  readonly dashes?: number;
}

/** Before (hollow) over after (full), row by row, with 95 % intervals as lines, and below the rings of what it is made of. */
export const intervalPlot = (label: string, rows: readonly IntervalRow[], { axis, scale, colour = () => hue(0), dashes }: IntervalLook): Promise<Plot> => {
  const draw: Draw = (plot, { width, wide }) => {
    const both = rows.some(({ before }) => before);
    const step = (both ? 52 : 34) + (wide ? 0 : 18);
    const offset = both ? 10 : 0;
    const drop = wide ? 0 : 9;
    const marks = rows.flatMap(({ label, before, after }, i) => [
      ...(before ? [{ label, ...before, hollow: true, colour: quietInk, dy: drop - offset, name: 'before' }] : []),
      { label, ...after, hollow: false, colour: colour(i), dy: drop + offset, name: before ? 'after' : '' },
    ]);
    const say = scale === 'share' ? (value: number) => percent(value) : inPoints;
    const parts = rows.flatMap(({ label, parts: own = [] }, i) => own.map((value) => ({ label, value, colour: colour(i) })));
    const values = parts.map(({ value }) => value);
    const low = Math.min(0, ...values, ...marks.map((mark) => mark.low));
    const high = Math.max(scale === 'share' ? 0.05 : 0.01, dashes ?? 0, ...values, ...marks.map((mark) => mark.high));
    const marginLeft = wide ? Math.min(220, 24 + Math.max(...rows.map(({ label }) => label.length)) * 6.8) : 12;
    return {
      width,
      marginTop: 8,
      height: 48 + rows.length * step,
      marginLeft,
      marginRight: wide ? 110 : 104,
      x: {
        label: `${axis} →`,
        labelArrow: 'none',
        domain: scale === 'share' ? [0, high] : [Math.min(low, -0.01) * 1.05, high * 1.05],
        ticks: wide ? 6 : 3,
        tickSize: 0,
        tickFormat: (value: number) => (scale === 'share' ? percent(value, 0) : inPoints(value).replace(/\.0$/, '')),
      },
      y: { type: 'band', domain: rows.map(({ label }) => label), axis: null, padding: 0 },
      marks: [
        plot.gridX({ stroke: line, strokeOpacity: 1, ticks: wide ? 6 : 3 }),
        plot.ruleX([0], { stroke: markLine }),
        plot.ruleX(dashes === undefined ? [] : [dashes], { stroke: markLine, strokeDasharray: '3 3' }),
        wide
          ? plot.text(rows, { y: 'label', text: 'label', frameAnchor: 'left', textAnchor: 'end', dx: -14, fill: 'var(--ink)' })
          : plot.text(rows, {
              y: 'label',
              text: 'label',
              frameAnchor: 'left',
              textAnchor: 'start',
              dx: 4,
              dy: both ? -24 : -14,
              fill: 'var(--ink)',
              fontWeight: 600,
              stroke: paper,
              strokeWidth: 4,
            }),
        ...marks.flatMap((mark) => [
          plot.link([mark], {
            x1: 'low',
            x2: 'high',
            y1: 'label',
            y2: 'label',
            dy: mark.dy,
            stroke: mark.colour,
            strokeWidth: 2,
            strokeOpacity: 0.75,
            strokeLinecap: 'round',
          }),
          plot.dot([mark], {
            x: 'value',
            y: 'label',
            dy: mark.dy,
            r: 4.5,
            stroke: mark.colour,
            strokeWidth: 2,
            fill: mark.hollow ? paper : mark.colour,
          }),
          plot.text([mark], {
            x: 'high',
            y: 'label',
            dy: mark.dy,
            dx: 10,
            textAnchor: 'start',
            stroke: paper,
            strokeWidth: 4,
            text: () => `${say(mark.value)}${mark.name && ` ${mark.name}`}`,
            fill: mark.hollow ? quietInk : 'var(--ink)',
            fontWeight: mark.hollow ? 400 : 600,
          }),
        ]),
        ...parts.map((part) =>
          plot.dot([part], { x: 'value', y: 'label', dy: drop + offset + 10, r: 2.5, stroke: part.colour, strokeWidth: 1.25, fill: paper }),
        ),
      ],
    };
  };
  return drawPlot(label, draw);
};
