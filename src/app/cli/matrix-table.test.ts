import { expect, it } from 'vitest';
import { matrixTable } from './matrix-table.ts';

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
    apart: [1],
  });
  expect(table).toMatchInlineSnapshot(`
    "                       world  task 1  task 2
    base model            62.0 %  10.0 %  10.0 %
    1 first               60.0 %  80.0 %  10.0 %
    2 second              58.0 %  70.0 %  90.0 %
    since learnt, points    −4.0   −10.0       –

    average score 72.7 %; points of backward transfer −7.0, forgetting 7.0, forward transfer 0.0
    second does not start from first: what changes between them is the difference of two models, and no forgetting"
  `);
});
