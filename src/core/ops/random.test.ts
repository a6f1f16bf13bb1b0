import { describe, expect, it } from 'vitest';
import { evaluate } from '../evaluate.ts';
import { constant } from '../leaf.ts';
import { dropout, randomMask, randomUniform } from './random.ts';

const key = (step: number) => constant(step, [], 'uint32');
const draw = (step: number, salt: number, shape: number[]) => evaluate([randomUniform(key(step), salt, shape)], new Map())[0]!.data;
const average = (values: Iterable<number>) => [...values].reduce((a, b) => a + b, 0) / [...values].length;

/** Correlation of two lists drawn from [0, 1), in standard errors of independent ones. */
const correlation = (a: Float64Array, b: Float64Array): number => average(a.map((v, i) => (v - 0.5) * (b[i]! - 0.5))) * 12 * Math.sqrt(a.length);

describe('randomUniform', () => {
  const [rows, columns] = [200, 300];
  const u = draw(5, 1, [rows, columns]);

  it('is spread evenly over [0, 1)', () => {
    expect(Math.min(...u)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...u)).toBeLessThan(1);
    const bins = new Array<number>(64).fill(0);
    for (const v of u) bins[Math.floor(v * 64)]!++;
    const expected = u.length / 64;
    const chi = bins.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
    expect(chi).toBeLessThan(63 + 4 * Math.sqrt(2 * 63));
  });
  it('has no row and no column that stands out', () => {
    const spread = (length: number) => 5 * Math.sqrt(1 / 12 / length);
    for (let i = 0; i < rows; i++) expect(Math.abs(average(u.subarray(i * columns, (i + 1) * columns)) - 0.5)).toBeLessThan(spread(columns));
    for (let j = 0; j < columns; j++) expect(Math.abs(average(u.filter((_, at) => at % columns === j)) - 0.5)).toBeLessThan(spread(rows));
  });
  it('does not repeat from row to row, column to column, step to step or salt to salt', () => {
    expect(Math.abs(correlation(u.subarray(columns), u.subarray(0, -columns)))).toBeLessThan(4);
    expect(Math.abs(correlation(u.subarray(1), u.subarray(0, -1)))).toBeLessThan(4);
    expect(Math.abs(correlation(u, draw(6, 1, [rows, columns])))).toBeLessThan(4);
    expect(Math.abs(correlation(u, draw(5, 2, [rows, columns])))).toBeLessThan(4);
  });
  it('has no pattern on rectangles, where a product of hashes would show one', () => {
    const sign = (i: number, j: number) => (u[i * columns + j]! < 0.5 ? -1 : 1);
    let total = 0;
    let count = 0;
    for (let i = 0; i + 1 < rows; i += 2)
      for (let j = 0; j + 1 < columns; j += 2, count++) total += sign(i, j) * sign(i + 1, j) * sign(i, j + 1) * sign(i + 1, j + 1);
    expect(Math.abs(total) / Math.sqrt(count)).toBeLessThan(4);
  });
  it('is the same for the same key, salt and shape', () => {
    expect(draw(5, 1, [rows, columns])).toEqual(u);
    expect([...draw(7, 0, [3])]).toMatchInlineSnapshot(`
      [
        0.1811678409576416,
        0.9462347626686096,
        0.15529340505599976,
      ]
    `);
  });
});

describe('dropout', () => {
  it('drops at its rate and keeps the mean', () => {
    const ones = constant(new Float64Array(40_000).fill(1), [200, 200]);
    const [kept] = evaluate([dropout(ones, 0.1, key(3), 4)], new Map());
    const dropped = kept!.data.filter((v) => v === 0).length / 40_000;
    expect(Math.abs(dropped - 0.1)).toBeLessThan(4 * Math.sqrt((0.1 * 0.9) / 40_000));
    expect(new Set(kept!.data)).toEqual(new Set([0, 1 / 0.9]));
  });
  it('is nothing at rate 0', () => {
    const x = constant([1, 2]);
    expect(dropout(x, 0, key(1), 0)).toBe(x);
  });
  it('refuses a rate of 1 and a key that is none', () => {
    expect(() => dropout(constant([1]), 1, key(1), 0)).toThrow(/expected a rate in \[0, 1\), got 1/);
    expect(() => randomMask(constant(1), 0, 0.5, [2])).toThrow(/expected one uint32 key, got \[\] float32/);
    expect(() => randomUniform(key(1), -1, [2])).toThrow(/expected a salt/);
  });
});
