import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BaseModel, planStep, type RecipeInput, recipeOf } from '../../adapt/index.ts';
import { begunFit, describeRun, type Fit } from './begun-run.ts';
import { fitRecipe } from './fit-recipe.ts';
import { deepBase } from './testing/deep-base.ts';

const layers = 8;
let base: BaseModel;
beforeAll(async () => {
  base = await deepBase(layers);
});

const recipe = (given: RecipeInput) => recipeOf({ weights: 'int8', ...given }, { exactBytes: true, model: { layers, hidden: 8 } });
const fit = async (given: RecipeInput, begun?: Fit) => {
  const notes: string[] = [];
  const onNote = (note: string) => void notes.push(note);
  const wanted = recipe(given);
  return { notes, wanted, ...(await fitRecipe(base, wanted, { asked: given, memoryBytes: undefined, begun, pairs: false, onNote })) };
};

describe('a recipe as it is trained, where no memory was named', () => {
  it.each([
    ['as it is', 1024, 4, []],
    [
      'with blocks computed again',
      3000,
      4,
      [/^the activations of \d of 8 blocks are computed again, to stay within 2\.5 GB; a larger --memory computes fewer/],
    ],
    ['with fewer rows at once', 3500, 2, [/the 4 rows of a step come 2 at a time, to stay within 2\.5 GB; a larger --memory /]],
  ] as const)('stays within 2.5 GB %s, and one note says how', async (_, length, microRows, said) => {
    const { wanted, recipe: fitted, besides, fits, notes } = await fit({ length });
    expect([fits, fitted]).toEqual([true, { ...wanted, microRows, recomputed: fitted.recomputed }]);
    expect(besides + (await planStep(base, fitted)).peakBytes).toBeLessThanOrEqual(2.5e9);
    expect(notes).toEqual(said.map((pattern) => expect.stringMatching(pattern)));
  });

  it('is left as it is where nothing fits, and where it was told', async () => {
    const long = await fit({ length: 8192, rows: 16 });
    expect([long.fits, long.recipe, long.notes]).toEqual([false, long.wanted, []]);
    const told = await fit({ length: 3500, recomputed: 1 });
    expect([told.fits, told.recipe, told.notes]).toEqual([true, told.wanted, []]);
    const rows = await fit({ length: 4096, microRows: 4 });
    expect([rows.fits, rows.recipe.microRows]).toEqual([false, 4]); // it would, two at a time
  });

  it('goes on as it was begun', async () => {
    const begun = { microRows: 2, recomputed: 7 };
    const again = await fit({ length: 1024 }, begun);
    expect(again.recipe).toEqual({ ...again.wanted, ...begun });
    expect(again.notes).toEqual([expect.stringMatching(/^the activations of 7 of 8 blocks are computed again, and the 4 rows of a step come 2 at a time/)]);
    expect((await fit({ length: 1024, microRows: 4 }, begun)).recipe.microRows).toBe(4); // another run, which is refused
  });
});

describe('how a run was begun', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lyceum-begun-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('is told of that run and no other', async () => {
    const run = (given: RecipeInput) => ({ recipe: recipe(given), model: base, hashes: { training: 'a' }, now: new Date(0), origin: undefined, reading: {} });
    const begun = join(folder, 'begun');
    expect(await begunFit(begun, run({}))).toBeUndefined();
    await mkdir(begun);
    await writeFile(join(begun, 'run.json'), JSON.stringify(describeRun(run({ microRows: 1, recomputed: 6 }))));
    expect(await begunFit(begun, run({}))).toEqual({ microRows: 1, recomputed: 6 });
    expect(await begunFit(begun, run({ length: 128 }))).toBeUndefined();
  });
});
