import { describe, expect, it } from 'vitest';
import { planStep, type RecipeInput, recipeOf } from '../../adapt/index.ts';
import { fitMemory, fitUsually, memoryWarning, usualWarning } from './fit-memory.ts';
import { deepBase } from './testing/deep-base.ts';

const layers = 8;
const recipe = (given: RecipeInput = {}) => recipeOf({ weights: 'f32', ...given }, { exactBytes: false, model: { layers, hidden: 8 } });

describe('a recipe fitted into memory', () => {
  it('computes again as few blocks as will do, before rows come one after another', async () => {
    const base = await deepBase(layers);
    const takes = (microRows: number, recomputed: number): Promise<number> =>
      planStep(base, { ...recipe(), microRows, recomputed }).then(({ peakBytes }) => peakBytes);
    const [wanted, besides] = [recipe(), 1e6];
    const figures = await Promise.all([0, 1, 3, layers].map((recomputed) => takes(4, recomputed)));
    expect(figures).toEqual(figures.toSorted((a, b) => b - a));
    expect(await fitMemory(base, wanted, { bytes: figures[0]! + besides, besides })).toEqual({ ...wanted, microRows: 4, recomputed: 0 });
    const fitted = await fitMemory(base, wanted, { bytes: figures[2]! + besides, besides });
    expect(fitted).toEqual({ ...wanted, recomputed: 3 });
    expect(await takes(4, 2)).toBeGreaterThan(figures[2]!);
    const tight = await fitMemory(base, wanted, { bytes: figures[3]! - 1 + besides, besides });
    expect(tight.microRows).toBe(2);
    expect(await takes(2, tight.recomputed)).toBeLessThan(figures[3]!);
  }, 60_000);

  it.each(['f32', 'int8'] as const)(
    'stays within a bound that nobody named, of blocks computed again no fewer than usual: %s',
    async (weights) => {
      const base = await deepBase(layers);
      const wanted = recipe({ weights });
      const takes = (recomputed: number, microRows = 4): Promise<number> =>
        planStep(base, { ...wanted, recomputed, microRows }).then(({ peakBytes }) => peakBytes);
      expect(wanted.recomputed).toBe(1); // as usual
      const besides = 1e6;
      const within = (bytes: number, leastRows = 1) => fitUsually(base, wanted, { bytes: bytes + besides, besides, leastRows });
      expect(await within(await takes(1))).toEqual(wanted); // does as it is
      expect(await within(await takes(5))).toEqual({ ...wanted, recomputed: 5 });
      expect(await takes(4)).toBeGreaterThan(await takes(5));
      const all = await takes(layers);
      const two = (await within(all - 1))!;
      expect(two).toEqual({ ...wanted, microRows: 2, recomputed: two.recomputed });
      expect(two.recomputed).toBeGreaterThanOrEqual(1);
      expect(await within(all - 1, 4)).toBeUndefined(); // rows that were named stay together
      expect(await within((await takes(layers, 1)) - 1)).toBeUndefined();
      expect(await within(-1)).toBeUndefined();
      expect(await fitUsually(base, wanted, { besides })).toEqual(wanted); // 2.5 GB
      expect(await fitUsually(base, wanted, { besides: 2.5e9 - (await takes(5)) })).toEqual({ ...wanted, recomputed: 5 });
    },
    60_000,
  );

  it('is warned of before it runs out, with what would take less', () => {
    expect(memoryWarning(2e9, 2e9, false)).toBeUndefined();
    expect(memoryWarning(5.8e9, 3.1e9, false)).toMatch(
      /^training takes about 5,800 MB, and 3,100 MB are free here: .+; take --memory 3100mb, .+ or fewer --rows/,
    );
    expect(memoryWarning(5.8e9, 3.1e9, true)).toContain('take a smaller --memory');
    expect(usualWarning(7.1e9, 5.8e9)).toMatch(
      /^training takes about 7,100 MB: nothing keeps it within 2,500 MB, for weights, .+ alone take 5,800 MB; it goes on/,
    );
    expect(usualWarning(3e9, 1e9)).toContain('not even one row at a time with everything computed again');
  });

  it('is refused where nothing fits, and rows that would are named', async () => {
    const base = await deepBase(layers);
    const least = (await planStep(base, { ...recipe(), microRows: 1, recomputed: layers })).peakBytes;
    const shorter = (await planStep(base, { ...recipe(), microRows: 1, recomputed: layers, length: 64 })).peakBytes;
    expect(shorter).toBeLessThan(0.6 * least);
    await expect(fitMemory(base, recipe(), { bytes: shorter, besides: 0 })).rejects.toThrow(
      /expected training within \d+ MB, got at least \d+ MB for one row of 256 tokens .+; take shorter rows \(--length 64\), or give at least --memory \d+mb/,
    );
    await expect(fitMemory(base, recipe(), { bytes: 1e6, besides: 450e6 })).rejects.toThrow(/weights and libraries alone take 450 MB\), or a smaller model/);
  }, 60_000);
});
