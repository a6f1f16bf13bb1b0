import { describe, expect, it } from 'vitest';
import { bootstrapMatrix, type ScoredMatrix } from './matrix-intervals.ts';
import { bootstrap, pairedBootstrap } from './resample.ts';

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const everyNth = (n: number, of: number): number[] => Array.from({ length: n }, (_, i) => Number(i % of === 0));
const [learnt, after, world, worldAfter] = [everyNth(60, 2), everyNth(60, 3), everyNth(90, 3), everyNth(90, 4)];
const second = everyNth(40, 2);
const matrix: ScoredMatrix = {
  tasks: ['world', 'a', 'b'],
  stages: ['1', '2'],
  learntAt: ['before', 0, 1],
  items: [
    [world, everyNth(60, 6), everyNth(40, 5)],
    [world, learnt, everyNth(40, 5)],
    [worldAfter, after, second],
  ],
};

describe('intervals of a matrix of tasks and stages', () => {
  const found = bootstrapMatrix(matrix, { samples: 4000 });

  it('are those of a bootstrap over the items of each cell, and paired where stages are compared', () => {
    const of = ({ low, high }: { low: number; high: number }) => ({ low: expect.closeTo(low, 12) as number, high: expect.closeTo(high, 12) as number });
    const draws = { samples: 4000, seed: 2 }; // each task has draws of its own
    expect(found.scores[0]![1]).toEqual(of(bootstrap(learnt, mean, draws)));
    expect(found.changes[1]).toEqual(of(pairedBootstrap(after, learnt, mean, draws)));
    expect(found.changes[2]).toBeNull();
  });

  it('of a mean over tasks is as wide as variances that add up make it', () => {
    const width = ({ low, high }: { low: number; high: number }): number => (high - low) / (2 * 1.96);
    const parts = [found.changes[0]!, found.changes[1]!].map(width);
    expect(width(found.backwardTransfer!)).toBeCloseTo(Math.hypot(...parts) / 2, 2);
    const value = (mean(worldAfter) - mean(world) + mean(after) - mean(learnt)) / 2;
    expect(found.backwardTransfer!.low).toBeLessThan(value);
    expect(found.backwardTransfer!.high).toBeGreaterThan(value);
    // Two tasks of the same items vary together: their mean is no surer than one of them.
    const twice: ScoredMatrix = { tasks: ['a', 'b'], stages: ['1'], learntAt: ['before', 'before'], items: [[learnt, learnt], [after, after]] }; // biome-ignore format: short
    const [apart, together] = [bootstrapMatrix(twice, { samples: 4000 }), bootstrapMatrix({ ...twice, alike: [0, 0] }, { samples: 4000 })];
    expect(width(together.backwardTransfer!)).toBeCloseTo(width(together.changes[0]!), 9);
    expect(width(apart.backwardTransfer!)).toBeCloseTo(width(together.backwardTransfer!) / Math.SQRT2, 2);
  });

  it('have no width where no item tells, and are refused where rows have other items', () => {
    const sure = bootstrapMatrix({ tasks: ['a'], stages: ['1'], learntAt: ['before'], items: [[[1, 1, 1]], [[0, 0, 0]]] });
    expect(sure.backwardTransfer).toEqual({ low: -1, high: -1 });
    expect(sure.before).toEqual([{ low: 1, high: 1 }]);
    expect(() => bootstrapMatrix({ ...matrix, items: [matrix.items[0]!, matrix.items[1]!, [world, after.slice(1), second]] })).toThrow(
      /the same items of a in every row, got 60 and 59/,
    );
  });
});
