import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashOf } from '../../train/index.ts';
import { flatBatch, packBatches, packRows, rowsOfBatch } from './index.ts';

const options = { length: 64, seed: 1, epoch: 0 };
const anyLengths = fc.array(fc.integer({ min: 1, max: 64 }), { maxLength: 80 });
const tokensOf = (row: readonly number[], lengths: readonly number[]): number => row.reduce((total, i) => total + lengths[i]!, 0);

describe('packRows', () => {
  it('puts every text into one row that holds it, and no two rows would fit into one', () => {
    fc.assert(
      fc.property(anyLengths, fc.nat(9), (lengths, epoch) => {
        const rows = packRows(lengths, { ...options, epoch });
        expect(rows.flat().sort((a, b) => a - b)).toEqual([...lengths.keys()]);
        const sizes = rows.map((row) => tokensOf(row, lengths)).sort((a, b) => a - b);
        expect(sizes.every((size) => size > 0 && size <= 64)).toBe(true);
        if (sizes.length > 1) expect(sizes[0]! + sizes[1]!).toBeGreaterThan(64);
        expect(packRows(lengths, { ...options, epoch })).toEqual(rows);
      }),
    );
  });

  it('is first fit by decreasing length', () => {
    fc.assert(
      fc.property(anyLengths, (lengths) => {
        const plain: number[] = [];
        for (const length of lengths.toSorted((a, b) => b - a)) {
          const row = plain.findIndex((size) => size + length <= 64);
          if (row < 0) plain.push(length);
          else plain[row]! += length;
        }
        const rows = packRows(lengths, options).map((row) => tokensOf(row, lengths));
        expect(rows.sort((a, b) => a - b)).toEqual(plain.sort((a, b) => a - b));
      }),
    );
  });

  it('needs at most a quarter more rows than tokens ask for, on random lengths', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 50, max: 400 }), (seed, count) => {
        const lengths = Array.from({ length: count }, (_, i) => 1 + (hashOf(seed, i) % 256));
        const rows = packRows(lengths, { length: 256, seed, epoch: 0 });
        expect(rows.length).toBeLessThanOrEqual(1.25 * Math.ceil(lengths.reduce((a, b) => a + b, 0) / 256));
      }),
    );
  });

  it('packs otherwise in another epoch and with another seed, or leaves every text alone', () => {
    const lengths = Array.from({ length: 60 }, (_, i) => 1 + (i % 20));
    const rows = packRows(lengths, options);
    expect(packRows(lengths, { ...options, epoch: 1 })).not.toEqual(rows);
    expect(packRows(lengths, { ...options, seed: 2 })).not.toEqual(rows);
    const sorted = (rows: readonly (readonly number[])[]) => rows.map((row) => [...row].sort().join()).sort();
    expect(sorted(packRows(lengths, { ...options, epoch: 1 }))).not.toEqual(sorted(rows));
    const alone = packRows(lengths, { ...options, together: false });
    expect(alone.every((row) => row.length === 1)).toBe(true);
    expect(alone.flat().sort((a, b) => a - b)).toEqual([...lengths.keys()]);
    expect(() => packRows([3, 65], options)).toThrow(/texts of 1 to 64 tokens, got 65 in text 1/);
  });

  it('makes batches, that pass as lists of numbers', () => {
    const lengths = Array.from({ length: 25 }, () => 30);
    const batches = packBatches(lengths, { ...options, rows: 4 });
    expect(batches.map((rows) => rows.length)).toEqual([4, 4, 4, 1]);
    expect(batches.flat()).toEqual(packRows(lengths, options));
    for (const batch of batches) expect(rowsOfBatch(flatBatch(batch))).toEqual(batch);
    expect(() => packBatches(lengths, { ...options, rows: 0 })).toThrow(/whole number of rows/);
  });
});
