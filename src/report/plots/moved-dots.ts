import { hue, ink, line, markLine, paper } from './colours.ts';
import { type Draw, drawPlot } from './draw.ts';
import type { Plot } from './plot.ts';

/** A thing at two places, or at one. */
export interface MovedDot {
  readonly label: string;
  /** Whether its name is written beside it, where no name before it is in the way. */
  readonly named: boolean;
  /** Of its colour. */
  readonly hue: number;
  readonly from?: readonly [x: number, y: number];
  readonly to: readonly [x: number, y: number];
}

export interface MovedLook {
  readonly x: string;
  readonly y: string;
  readonly format: (value: number) => string;
  /** A dashed line where both are the same. */
  readonly diagonal?: boolean;
}

/** Where things were, hollow, and where they are, full, joined by a line. */
export const movedDotsPlot = (label: string, dots: readonly MovedDot[], { x, y, format, diagonal = false }: MovedLook): Promise<Plot> => {
  const moved = dots.flatMap(({ from, to, hue: index }) => (from ? [{ x1: from[0], y1: from[1], x2: to[0], y2: to[1], index }] : []));
  const ends = dots.map(({ label: name, named, hue: index, to }) => ({ name, named, index, x: to[0], y: to[1] }));
  const values = [...moved.flatMap(({ x1, y1 }) => [[x1, y1]]), ...ends.map((end) => [end.x, end.y])] as [number, number][];
  const span = (axis: 0 | 1): [number, number] => [Math.min(0, ...values.map((value) => value[axis])), Math.max(0.01, ...values.map((value) => value[axis]))];
  const [low, high] = [Math.min(span(0)[0], span(1)[0]), Math.max(span(0)[1], span(1)[1])];
  const [across, up] = diagonal ? [high - low, high - low] : [span(0)[1] - span(0)[0], span(1)[1] - span(1)[0]];
  const written: (typeof ends)[number][] = [];
  for (const end of ends) {
    const near = written.some((other) => Math.abs(other.x - end.x) / across < 0.08 && Math.abs(other.y - end.y) / up < 0.045);
    if (end.named && !near) written.push(end);
  }
  const draw: Draw = (plot, { width, wide }) => ({
    width,
    height: wide ? 420 : 340,
    marginTop: 36,
    marginBottom: 40,
    marginLeft: 56,
    marginRight: 40,
    x: { label: `${x} →`, labelArrow: 'none', ticks: wide ? 8 : 4, tickSize: 0, tickFormat: format, ...(diagonal && { domain: [low, high] }) },
    y: { label: `↑ ${y}`, labelArrow: 'none', ticks: 6, tickSize: 0, tickFormat: format, ...(diagonal && { domain: [low, high] }) },
    marks: [
      plot.gridX({ stroke: line, strokeOpacity: 1, ticks: wide ? 8 : 4 }),
      plot.gridY({ stroke: line, strokeOpacity: 1, ticks: 6 }),
      plot.ruleX([0], { stroke: markLine }),
      plot.ruleY([0], { stroke: markLine }),
      plot.link(diagonal ? [0] : [], { x1: () => low, y1: () => low, x2: () => high, y2: () => high, stroke: markLine, strokeDasharray: '3 3' }),
      plot.link(moved, { x1: 'x1', y1: 'y1', x2: 'x2', y2: 'y2', stroke: ({ index }: { index: number }) => hue(index), strokeOpacity: 0.7, strokeWidth: 1.25 }),
      plot.dot(moved, { x: 'x1', y: 'y1', r: 3.5, fill: paper, stroke: ({ index }: { index: number }) => hue(index), strokeWidth: 1.5 }),
      plot.dot(ends, { x: 'x', y: 'y', r: 3.5, fill: ({ index }: { index: number }) => hue(index) }),
      plot.text(written, { x: 'x', y: 'y', text: 'name', dx: 8, textAnchor: 'start', fill: ink, stroke: paper, strokeWidth: 4 }),
    ],
  });
  return drawPlot(label, draw);
};
