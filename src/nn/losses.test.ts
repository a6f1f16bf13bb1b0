import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate, gradients, input, type Node, sum, type Tensor, tensor } from '../core/index.ts';
import { marginalLogLikelihood, softmaxCrossEntropy } from './index.ts';

const real = fc.double({ min: -30, max: 30, noNaN: true });
const run = (root: Node, given: Record<string, Tensor>): Tensor => evaluate([root], new Map(Object.entries(given)))[0]!;
const logSum = (values: readonly number[]): number => {
  const most = Math.max(...values);
  return most + Math.log(values.reduce((total, value) => total + Math.exp(value - most), 0));
};

describe('softmaxCrossEntropy', () => {
  const logits = input('logits', ['cells', 4], 'float64');
  const labels = input('labels', ['cells'], 'int64');

  it('is -log of the softmax at the label, and nothing where the label is ignored', () => {
    const row = fc.record({ values: fc.array(real, { minLength: 4, maxLength: 4 }), label: fc.constantFrom(-100, 0, 1, 2, 3) });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 5 }), (rows) => {
        const loss = softmaxCrossEntropy(logits, labels, { ignore: -100 });
        const given = {
          logits: tensor(
            [rows.length, 4],
            rows.flatMap(({ values }) => values),
          ),
          labels: tensor(
            [rows.length],
            rows.map(({ label }) => label),
          ),
        };
        const [d] = evaluate(gradients(sum(loss, [0]), [logits]), new Map(Object.entries(given)));
        run(loss, given).data.forEach((value, i) => {
          const { values, label } = rows[i]!;
          expect(value).toBeCloseTo(label < 0 ? 0 : logSum(values) - values[label]!, 9);
          for (const [j, v] of values.entries())
            expect(d!.data[i * 4 + j]).toBeCloseTo(label < 0 ? 0 : Math.exp(v - logSum(values)) - (j === label ? 1 : 0), 9);
        });
      }),
      { numRuns: 50 },
    );
  });

  it('refuses labels that do not fit the logits', () => {
    expect(() => softmaxCrossEntropy(logits, input('labels', ['cells', 4], 'int64'))).toThrow(/one axis less/);
  });
});

describe('marginalLogLikelihood', () => {
  const scores = input('scores', ['rows', 'candidates'], 'float64');
  const gold = input('gold', ['rows', 'candidates'], 'bool');
  const mask = input('mask', ['rows', 'candidates'], 'bool');

  it('is -log of the softmax weight on all right candidates that exist; a row without one costs nothing', () => {
    const cell = fc.record({ score: real, gold: fc.boolean(), exists: fc.boolean() });
    fc.assert(
      fc.property(fc.array(cell, { minLength: 1, maxLength: 6 }), (cells) => {
        const loss = marginalLogLikelihood(scores, gold, { mask });
        const shape = [1, cells.length];
        const given = {
          scores: tensor(
            shape,
            cells.map((c) => c.score),
          ),
          gold: tensor(
            shape,
            cells.map((c) => Number(c.gold)),
          ),
          mask: tensor(
            shape,
            cells.map((c) => Number(c.exists)),
          ),
        };
        const there = cells.filter((c) => c.exists);
        const right = there.filter((c) => c.gold).map((c) => c.score);
        const expected = right.length === 0 ? 0 : logSum(there.map((c) => c.score)) - logSum(right);
        expect(run(loss, given).data[0]).toBeCloseTo(expected, 9);
        const [d] = evaluate(gradients(sum(loss, [0]), [scores]), new Map(Object.entries(given)));
        expect(d!.data.every(Number.isFinite)).toBe(true);
        cells.forEach((c, i) => {
          if (!c.exists || right.length === 0) expect(d!.data[i]).toBe(0);
        });
      }),
      { numRuns: 50 },
    );
  });
});
