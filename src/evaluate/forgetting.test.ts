import { describe, expect, it } from 'vitest';
import { changedAnswers } from './changed-answers.ts';
import { summariseMatrix } from './matrix.ts';
import { bootstrap, pairedBootstrap } from './resample.ts';
import { bootstrapSeeds, pairedBootstrapSeeds } from './resample-seeds.ts';

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

describe('a matrix of tasks and stages', () => {
  const scores = [
    [0.9, 0.2, 0.1],
    [0.95, 0.8, 0.3],
    [0.6, 0.7, 0.9],
  ];
  it('gives average score, backward transfer, forgetting and forward transfer, by hand', () => {
    const found = summariseMatrix({ tasks: ['a', 'b', 'c'], stages: ['1', '2', '3'], scores, before: [0, 0.1, 0.2] });
    expect(found.averageScore).toBeCloseTo(2.2 / 3, 12);
    expect(found.backwardTransfer).toBeCloseTo((0.6 - 0.9 + (0.7 - 0.8)) / 2, 12);
    expect(found.forgetting).toBeCloseTo((0.95 - 0.6 + (0.8 - 0.7)) / 2, 12); // task a was at its best after stage 2
    expect(found.forwardTransfer).toBeCloseTo((0.2 - 0.1 + (0.3 - 0.2)) / 2, 12);
    expect(found.changes.map((change) => change?.toFixed(3))).toEqual(['-0.300', '-0.100', undefined]);
  });

  it('counts what was known before any stage against what it was then', () => {
    const found = summariseMatrix({ tasks: ['task', 'world'], stages: ['tuned'], scores: [[0.9, 0.4]], before: [0.1, 0.5], learntAt: [0, 'before'] });
    expect(found.backwardTransfer).toBeCloseTo(-0.1, 12);
    expect(found.forgetting).toBeCloseTo(0.1, 12);
    expect(summariseMatrix({ tasks: ['task'], stages: ['tuned'], scores: [[0.9]] })).toEqual({ averageScore: 0.9, changes: [undefined] });
  });

  it('is refused where its parts do not fit', () => {
    expect(() => summariseMatrix({ tasks: ['a', 'b'], stages: ['1'], scores: [[1]] })).toThrow(RangeError);
    expect(() => summariseMatrix({ tasks: ['a'], stages: ['1', '2'], scores: [[1]] })).toThrow(/a row of scores for each of 2, got 1/);
    expect(() => summariseMatrix({ tasks: ['a'], stages: ['1'], scores: [[1]], learntAt: ['before'] })).toThrow(/known already/);
    expect(() => summariseMatrix({ tasks: ['a', 'b'], stages: ['1'], scores: [[1, 1]] })).toThrow(/stages from 0 to 0, got 1/);
  });
});

describe('intervals over seeds and items', () => {
  it('are those over items where there is one seed, and hold a difference that every seed and item shows', () => {
    const units = Array.from({ length: 80 }, (_, i) => Number(i % 4 === 0));
    const [plain, seeds] = [bootstrap(units, mean, { samples: 4000 }), bootstrapSeeds([units], mean, { samples: 4000 })];
    expect(seeds.value).toBe(0.25);
    expect(seeds.low).toBeCloseTo(plain.low, 1);
    expect(seeds.high).toBeCloseTo(plain.high, 1);
    const better = [units.map((unit) => unit + 0.1), units.map((unit) => unit + 0.1)];
    const { value, low, high, pValue } = pairedBootstrapSeeds(better, [units, units], mean);
    for (const figure of [value, low, high]) expect(figure).toBeCloseTo(0.1, 9);
    expect(pValue).toBeLessThan(0.01);
    expect(bootstrapSeeds([units, units], mean)).toEqual(bootstrapSeeds([units, units], mean));
  });

  // Variance of a mean over S seeds and n shared items: items σ²/n, which seeds do not lessen, and seeds τ²/S.
  it('are as wide as items and seeds together make them', () => {
    const items = Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? 1 : -1)); // σ = 1, σ/√n = 0.1
    const width = ({ low, high }: { low: number; high: number }) => (high - low) / (2 * 1.96);
    const same = Array.from({ length: 8 }, () => items);
    expect(width(bootstrapSeeds(same, mean, { samples: 4000 }))).toBeCloseTo(0.1, 1.7);
    expect(width(bootstrapSeeds(same, mean, { samples: 4000, sameUnits: false }))).toBeLessThan(0.06); // 0.1/√8, were they other items
    const shifted = Array.from({ length: 8 }, (_, s) => items.map((item) => item + (s % 2 === 0 ? 1 : -1))); // and τ/√S = 0.354
    expect(width(bootstrapSeeds(shifted, mean, { samples: 4000 }))).toBeCloseTo(Math.hypot(0.1, 1 / Math.sqrt(8)), 1);
    // Of two systems that differ by less than that, the paired difference is still certain.
    const other = shifted.map((units) => units.map((unit) => unit - 0.05));
    expect(pairedBootstrapSeeds(shifted, other, mean).low).toBeCloseTo(0.05, 9);
  });

  it('are refused for nothing and for what was not measured alike', () => {
    expect(() => bootstrapSeeds([], mean)).toThrow(/got none/);
    expect(() => bootstrapSeeds([[1], []], mean)).toThrow(/got 1 \+ 0/);
    expect(() => bootstrapSeeds([[1], [1, 2]], mean, { sameUnits: true })).toThrow(/the same units for all seeds, got 1 \+ 2/);
    expect(bootstrapSeeds([[1], [1, 1]], mean).value).toBe(1);
    expect(() => pairedBootstrapSeeds([[1]], [[1], [2]], mean)).toThrow(/the same seeds and units twice/);
  });
});

describe('changed answers', () => {
  const item = (id: string, accuracy: number) => ({ id, prompt: id, gold: 'g', answer: 'a', values: { accuracy, margin: accuracy - 0.5 } });
  const before = [1, 1, 1, 0, 0, 1, 1].map((right, i) => item(`q${i}`, right));
  const after = [1, 0, 0, 1, 0, 0, 0].map((right, i) => item(`q${i}`, right)).reverse();

  it('are found both ways by id, with the difference and an exact sign test', () => {
    const { lost, gained, stillRight, stillWrong, difference, pValue } = changedAnswers(before, after, 'accuracy');
    expect(lost.map((pair) => pair.after.id)).toEqual(['q1', 'q2', 'q5', 'q6']);
    expect(gained.map((pair) => pair.before.id)).toEqual(['q3']);
    expect([stillRight, stillWrong]).toEqual([1, 1]);
    expect(difference.value).toBeCloseTo(-3 / 7, 12);
    expect(difference).toEqual(
      pairedBootstrap(after.toReversed().map(({ values }) => values.accuracy), before.map(({ values }) => values.accuracy), mean), // biome-ignore format: one call
    );
    expect(pValue).toBeCloseTo((2 * (1 + 5)) / 32, 12); // at most one head of five
    expect(changedAnswers(before, before, 'accuracy')).toMatchObject({ lost: [], gained: [], pValue: 1 });
  });

  it('are refused where the items or the figure are others', () => {
    expect(() => changedAnswers(before, after.slice(1), 'accuracy')).toThrow(/got q6 before only/);
    expect(() => changedAnswers(before.slice(1), after, 'accuracy')).toThrow(/got 6 before and 7 after/);
    expect(() => changedAnswers(before, after, 'margin')).toThrow(/expected margin to be 0 or 1/);
  });
});
