import { expect, it } from 'vitest';
import { evaluate, gradients, input, softmax, type Tensor, tensor } from '../../core/index.ts';
import { switchBalanceLoss } from './switch-balance.ts';

const scores = input('scores', [1, 4, 4]);
const counts = input('counts', [1, 4]);
const lossOf = (topK: number) => switchBalanceLoss({ shares: [softmax(scores)], counts, topK });
const given = (rows: readonly (readonly number[])[], counted = [1, 1, 1, 1]): Map<string, Tensor> =>
  new Map([
    ['scores', tensor([1, 4, 4], rows.flat())],
    ['counts', tensor([1, 4], counted)],
  ]);
const value = (topK: number, values: ReadonlyMap<string, Tensor>): number => evaluate([lossOf(topK)], values)[0]!.data[0]!;
const sharp = (expert: number): number[] => [0, 1, 2, 3].map((n) => (n === expert ? 50 : 0));

it('is 1 where experts are used alike, and their number where one has everything', () => {
  expect(value(1, given([0, 1, 2, 3].map(sharp)))).toBeCloseTo(1, 12);
  expect(value(1, given([0, 0, 0, 0].map(sharp)))).toBeCloseTo(4, 12);
  // Two of four experts take all: each f is 1/2, and so is each P.
  expect(value(2, given(Array(4).fill([9, 9, -30, -30])))).toBeCloseTo(2, 8);
});

it('is what the printed formula says, tokens counted as they count', () => {
  const rows = [
    [0.3, 1, -1, 0],
    [2, 0.1, 0, 0.4],
    [0, 0.2, 0.9, 1.4],
    [5, 5, 5, 6],
  ];
  const shares = rows.map((row) => row.map((v) => Math.exp(v) / row.reduce((a, b) => a + Math.exp(b), 0)));
  const [f, p] = [[1, 1, 0, 1].map((chosen) => chosen / 3), [0, 1, 2, 3].map((n) => (shares[0]![n]! + shares[1]![n]! + shares[2]![n]!) / 3)];
  expect(value(1, given(rows, [1, 1, 1, 0]))).toBeCloseTo(4 * f.reduce((total, part, n) => total + part * p[n]!, 0), 12);
});

it('pulls the router away from the expert that has more', () => {
  const values = given([sharp(0), sharp(0), sharp(0), [1, 0, 0, 0]]);
  const [slope] = evaluate(gradients(lossOf(1), [scores]), values);
  const last = [...slope!.data.slice(12)];
  expect(last[0]).toBeGreaterThan(0);
  for (const other of last.slice(1)) expect(other).toBeLessThan(0);
});

it('refuses more choices than experts, and no shares', () => {
  expect(() => lossOf(5)).toThrow(/at least 5 experts, got \[1, 4, 4\]/);
  expect(() => switchBalanceLoss({ shares: [], counts, topK: 1 })).toThrow(/got none/);
});
