import { percent } from '../numbers.ts';
import { hue, ink, line, markLine, nameHue, paper } from './colours.ts';
import { type Draw, drawPlot } from './draw.ts';
import { spread } from './loss.ts';
import type { Plot } from './plot.ts';

export interface OutcomePoint {
  readonly layer: number;
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** An outcome by layer, ascending. */
export interface OutcomeCurve {
  readonly name: string;
  /** Of its colour. */
  readonly index: number;
  readonly points: readonly OutcomePoint[];
  /** A layer of it that is marked, and what the mark is called; null where there is none. */
  readonly mark: { readonly name: string; readonly layer: number | null };
}

/** What a curve comes to by chance between two layers. */
export interface OutcomeFloor {
  readonly index: number;
  readonly from: number;
  readonly to: number;
  readonly value: number;
}

const swatchWidth = 14;
const characterWidth = 6.2;

/** Where names stand above a picture: pixels from its left, and the line from 0. */
const legend = (names: readonly string[], width: number): { x: number; row: number }[] => {
  let [x, row] = [0, 0];
  return names.map((name) => {
    const size = swatchWidth + name.length * characterWidth;
    if (x > 0 && x + size > width) [x, row] = [0, row + 1];
    const place = { x, row };
    x += size + 16;
    return place;
  });
};

/** How likely each outcome is by layer, with 95 % bands, named above; marked layers as dashed lines, floors as dotted ones. */
export const outcomeCurvesPlot = (label: string, curves: readonly OutcomeCurve[], floors: readonly OutcomeFloor[]): Promise<Plot> => {
  const points = curves.flatMap(({ points }) => points);
  const marks = curves.flatMap(({ index, points, mark: { name, layer } }) =>
    layer === null ? [] : [{ name, index, layer, point: points.find((point) => point.layer === layer) }],
  );
  const at = [...points, ...marks].map(({ layer }) => layer);
  const [first, last] = [Math.min(...at), Math.max(...at)];
  const [left, right] = first === last ? [first - 1, last + 1] : [first, last];
  const top = Math.max(1.1, ...points.map(({ high }) => high));
  const draw: Draw = (plot, { width, wide }) => {
    const [marginLeft, marginRight, marginBottom] = [48, 12, 36];
    const inner = width - marginLeft - marginRight;
    const places = legend(
      curves.map(({ name }) => name),
      width,
    );
    const lines = places.at(-1)!.row + 1;
    const marginTop = 42 + lines * 18;
    const xs = marks.map(({ layer }) => ((layer - left) / (right - left)) * inner);
    const apart = spread(xs, 20, inner);
    return {
      width,
      height: marginTop + (wide ? 250 : 210) + marginBottom,
      marginTop,
      marginBottom,
      marginLeft,
      marginRight,
      x: {
        label: 'layer →',
        labelArrow: 'none',
        domain: [left, right],
        ticks: wide ? 10 : 5,
        tickSize: 0,
        tickFormat: (layer: number) => (Number.isInteger(layer) ? String(layer) : ''),
      },
      y: {
        label: '↑ share of the unpatched probability',
        labelArrow: 'none',
        domain: [0, top],
        ticks: 6,
        tickSize: 0,
        tickFormat: (share: number) => percent(share, 0),
      },
      marks: [
        plot.gridY({ stroke: line, strokeOpacity: 1, ticks: 6 }),
        plot.ruleY([0], { stroke: markLine }),
        ...marks.flatMap(({ name, index, layer }, i) => [
          plot.ruleX([layer], { stroke: hue(index), strokeDasharray: '3 3' }),
          plot.text([layer], {
            x: (x: number) => x,
            text: () => name,
            frameAnchor: 'top',
            dx: apart[i]! - xs[i]!,
            lineAnchor: 'bottom',
            dy: -4,
            fill: nameHue(index),
            fontWeight: 600,
          }),
        ]),
        ...curves.map(({ points, index }) => plot.areaY(points, { x: 'layer', y1: 'low', y2: 'high', fill: hue(index), fillOpacity: 0.16 })),
        ...floors.map(({ index, ...floor }) =>
          plot.ruleY([floor], { y: 'value', x1: 'from', x2: 'to', stroke: hue(index), strokeWidth: 2, strokeDasharray: '0.1 5', strokeLinecap: 'round' }),
        ),
        ...curves.map(({ points, index }) => plot.line(points, { x: 'layer', y: 'value', stroke: hue(index), strokeWidth: 2 })),
        // A line of one point is not seen.
        ...curves.map(({ points, index }) => plot.dot(points.length === 1 ? points : [], { x: 'layer', y: 'value', r: 3, fill: hue(index) })),
        ...marks.flatMap(({ index, point }) =>
          point ? [plot.dot([point], { x: 'layer', y: 'value', r: 4.5, stroke: hue(index), strokeWidth: 2, fill: paper })] : [],
        ),
        ...curves.flatMap(({ name, index }, i) => {
          const { x, row } = places[i]!;
          const place = { frameAnchor: 'top-left', dy: row * 18 + 26 - marginTop } as const;
          return [
            plot.dot([0], { ...place, dx: x - marginLeft + 5, r: 4.5, fill: hue(index) }),
            plot.text([0], { ...place, dx: x - marginLeft + swatchWidth, dy: place.dy - 6, text: () => name, textAnchor: 'start', fill: ink }),
          ];
        }),
      ],
    };
  };
  return drawPlot(label, draw);
};
