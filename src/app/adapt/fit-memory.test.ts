import { describe, expect, it } from 'vitest';
import { type BaseModel, planStep, type RecipeInput, recipeOf } from '../../adapt/index.ts';
import { tinyBase } from '../../adapt/testing/tiny-base.ts';
import { elements, nameOf } from '../../core/index.ts';
import { type CausalSource, causalMember } from '../../models/index.ts';
import { causalInputs } from '../../nn/index.ts';
import { tinyConfig } from '../testing/tiny-language-model.ts';
import { fitMemory, fitUsually, memoryWarning } from './fit-memory.ts';

/** A model of many blocks whose weights nobody looks at. */
const deep = async (layers: number): Promise<BaseModel> => {
  const member = causalMember({ ...tinyConfig, num_hidden_layers: layers });
  const { parameters } = member.build(causalInputs(member.config));
  const sizes = new Map(parameters.map((node) => [nameOf(node), elements(node.shape as number[])]));
  return tinyBase({ member, parameters, values: async (name: string) => new Float32Array(sizes.get(name)!) } as unknown as CausalSource);
};

const layers = 8;
const recipe = (given: RecipeInput = {}) => recipeOf({ weights: 'f32', ...given }, { exactBytes: false, model: { layers, hidden: 8 } });

describe('a recipe fitted into memory', () => {
  it('computes again as few blocks as will do, before rows come one after another', async () => {
    const base = await deep(layers);
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

  it('beside float weights stays within a bound that nobody named, where computing blocks again is enough', async () => {
    const base = await deep(layers);
    const takes = (recomputed: number): Promise<number> => planStep(base, { ...recipe(), recomputed }).then(({ peakBytes }) => peakBytes);
    const wanted = recipe();
    expect(wanted.recomputed).toBe(2); // as usual
    const [besides, within] = [1e6, await takes(5)];
    const fitted = await fitUsually(base, wanted, { bytes: within + besides, besides });
    expect(fitted).toEqual({ ...wanted, recomputed: 5 });
    expect(await takes(4)).toBeGreaterThan(within);
    expect(await fitUsually(base, wanted, { bytes: (await takes(2)) + besides, besides })).toBe(wanted); // does as it is
    expect(await fitUsually(base, wanted, { bytes: (await takes(layers)) - 1 + besides, besides })).toBe(wanted); // nothing is enough
    const bytes = recipe({ weights: 'int8' });
    expect(await fitUsually(base, bytes, { bytes: within + besides, besides })).toBe(bytes);
    expect(await fitUsually(base, wanted, { besides })).toBe(wanted); // 2.5 GB
    expect((await fitUsually(base, wanted, { besides: 2.5e9 - within })).recomputed).toBe(5);
  }, 60_000);

  it('is warned of before it runs out, with what would take less', () => {
    expect(memoryWarning(2e9, 2e9, false)).toBeUndefined();
    expect(memoryWarning(5.8e9, 3.1e9, false)).toMatch(
      /^training takes about 5,800 MB, and 3,100 MB are free here: .+; take --memory 3100mb, .+ or fewer --rows/,
    );
    expect(memoryWarning(5.8e9, 3.1e9, true)).toContain('take a smaller --memory');
  });

  it('is refused where nothing fits, and rows that would are named', async () => {
    const base = await deep(layers);
    const least = (await planStep(base, { ...recipe(), microRows: 1, recomputed: layers })).peakBytes;
    const shorter = (await planStep(base, { ...recipe(), microRows: 1, recomputed: layers, length: 64 })).peakBytes;
    expect(shorter).toBeLessThan(0.6 * least);
    await expect(fitMemory(base, recipe(), { bytes: shorter, besides: 0 })).rejects.toThrow(
      /expected training within \d+ MB, got at least \d+ MB for one row of 256 tokens .+; take shorter rows \(--length 64\), or give at least --memory \d+mb/,
    );
    await expect(fitMemory(base, recipe(), { bytes: 1e6, besides: 450e6 })).rejects.toThrow(/weights and libraries alone take 450 MB\), or a smaller model/);
  }, 60_000);
});
