import type { Interval } from '../adapt-result.ts';
import { percent, points } from '../numbers.ts';
import { hue, line, markLine, nameHue, paper, quietInk } from './colours.ts';
import { type Draw, drawPlot } from './draw.ts';
import { placeNames } from './place-names.ts';
import type { Plot } from './plot.ts';

/** A run: its score on the task, and how far its knowledge moved. */
export interface Learner {
  readonly name: string;
  /** Of its colour, the same in every picture of a page. */
  readonly index: number;
  readonly task: Interval;
  readonly knowledge: Interval;
}

/** Task score against change of knowledge, both with 95 % intervals: right is learnt, down is forgotten. `base`: task score of the base model, where it is known. */
export const learningForgettingPlot = (label: string, learners: readonly Learner[], base?: number): Promise<Plot> => {
  const draw: Draw = (plot, { width, wide }) => {
    const height = wide ? 400 : 340;
    const bases = base === undefined ? [] : [base];
    const xs = [...bases, ...learners.flatMap(({ task }) => [task.low, task.high])];
    const ys = [0, ...learners.flatMap(({ knowledge }) => [knowledge.low, knowledge.high])];
    const [left, right, bottom, top] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    const padX = Math.max(0.01, (right - left) * 0.06);
    const padY = Math.max(0.005, (top - bottom) * 0.08);
    const [marginLeft, marginRight, marginTop, marginBottom] = [52, wide ? 24 : 12, 34, 36];
    const marks = [
      ...bases.map((x) => ({ name: 'base model', x, y: 0, colour: quietInk, ink: quietInk, fill: paper })),
      ...learners.map(({ name, task, knowledge, index: i }) => ({
        name,
        x: task.value,
        y: knowledge.value,
        colour: hue(i),
        ink: nameHue(i),
        fill: hue(i),
      })),
    ];
    const frame = { left: marginLeft, right: width - marginRight, top: marginTop, bottom: height - marginBottom };
    const places = placeNames(
      marks.map(({ name, x, y }) => ({
        name,
        x: frame.left + ((x - left + padX) / (right - left + 2 * padX)) * (frame.right - frame.left),
        y: frame.bottom - ((y - bottom + padY) / (top - bottom + 2 * padY)) * (frame.bottom - frame.top),
      })),
      frame,
    );
    const names = marks.map((mark, i) => ({ ...mark, ...places[i]! }));
    return {
      width,
      height,
      marginRight,
      marginLeft,
      marginTop,
      marginBottom,
      x: {
        label: 'task score →',
        labelArrow: 'none',
        domain: [left - padX, right + padX],
        ticks: wide ? 7 : 4,
        tickSize: 0,
        tickFormat: (x: number) => percent(x, 0),
      },
      y: {
        label: '↑ change of world knowledge, points',
        labelArrow: 'none',
        domain: [bottom - padY, top + padY],
        ticks: 6,
        tickSize: 0,
        tickFormat: (y: number) => points(y).replace(/\.0$/, ''),
      },
      marks: [
        plot.gridX({ stroke: line, strokeOpacity: 1, ticks: wide ? 7 : 4 }),
        plot.gridY({ stroke: line, strokeOpacity: 1, ticks: 6 }),
        plot.ruleY([0], { stroke: markLine }),
        plot.ruleX(bases, { stroke: markLine, strokeDasharray: '3 3' }),
        ...learners.flatMap(({ task, knowledge, index: i }) => [
          plot.link([0], {
            x1: () => task.low,
            x2: () => task.high,
            y1: () => knowledge.value,
            y2: () => knowledge.value,
            stroke: hue(i),
            strokeWidth: 1.5,
            strokeOpacity: 0.6,
          }),
          plot.link([0], {
            x1: () => task.value,
            x2: () => task.value,
            y1: () => knowledge.low,
            y2: () => knowledge.high,
            stroke: hue(i),
            strokeWidth: 1.5,
            strokeOpacity: 0.6,
          }),
        ]),
        ...marks.map((mark) => plot.dot([mark], { x: 'x', y: 'y', r: 5, stroke: mark.colour, strokeWidth: 2, fill: mark.fill })),
        ...names.map((name) =>
          plot.text([name], {
            x: 'x',
            y: 'y',
            text: 'name',
            fill: name.ink,
            fontWeight: 600,
            textAnchor: name.anchor,
            dx: name.dx,
            dy: name.dy,
            stroke: 'var(--paper)',
            strokeWidth: 4,
          }),
        ),
      ],
    };
  };
  return drawPlot(label, draw);
};
