import { expect, it } from 'vitest';
import { matrixTable } from './matrix-table.ts';

const around = (value: number) => ({ low: value - 0.05, high: value + 0.05 });

it('a matrix of stages is a table whose columns are tasks, with what it comes to below', () => {
  const task = { metric: 'exact match', n: 10 };
  const table = matrixTable({
    tasks: [
      { ...task, name: 'world knowledge', learntAt: 'before' },
      { ...task, name: 'first', learntAt: 0 },
      { ...task, name: 'second', learntAt: 1 },
    ],
    stages: ['first', 'second'],
    scores: [
      [0.6, 0.8, 0.1],
      [0.58, 0.7, 0.9],
    ],
    before: [0.62, 0.1, 0.1],
    summary: { averageScore: 0.7267, backwardTransfer: -0.07, forgetting: 0.07, forwardTransfer: 0, changes: [-0.04, -0.1, null] },
    intervals: {
      scores: [
        [around(0.6), around(0.8), around(0.1)],
        [around(0.58), around(0.7), around(0.9)],
      ],
      before: [around(0.62), around(0.1), around(0.1)],
      averageScore: around(0.7267),
      backwardTransfer: around(-0.07),
      forgetting: around(0.07),
      forwardTransfer: around(0),
      changes: [around(-0.04), around(-0.1), null],
    },
    askedWith: 'f32',
    apart: [1],
  });
  expect(table).toMatchInlineSnapshot(`
    "                                  world               task 1           task 2
    base model              62.0 % [57, 67]       10.0 % [5, 15]   10.0 % [5, 15]
    1 first                 60.0 % [55, 65]      80.0 % [75, 85]   10.0 % [5, 15]
    2 second                58.0 % [53, 63]      70.0 % [65, 75]  90.0 % [85, 95]
    since learnt, points  −4.0 [−9.0, +1.0]  −10.0 [−15.0, −5.0]                –

    average score 72.7 % [68, 78]
    backward transfer −7.0 [−12.0, −2.0] points, forgetting 7.0 [2.0, 12.0], forward transfer 0.0 [−5.0, +5.0]
    in brackets: 95 % of the bootstrap over items
    second does not start from first: what changes between them is the difference of two models, and no forgetting"
  `);
});
