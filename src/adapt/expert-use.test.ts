import { expect, it } from 'vitest';
import { nameOf, tensor } from '../core/index.ts';
import { inTheory } from '../nn/edits/testing/tiny-bert.ts';
import { causalInputs } from '../nn/index.ts';
import type { TokenText } from './data/index.ts';
import { expertUse } from './expert-use.ts';
import { randomValues } from './files/testing/sources.ts';
import { type RecipeInput, recipeOf } from './recipe.ts';
import { tinyBase, tinyTexts } from './testing/tiny-base.ts';
import { tinyTraining } from './testing/tiny-training.ts';

const { engine, source } = await tinyTraining();

const recipe = (given: RecipeInput = {}) => recipeOf({ weights: 'f32', length: 64, options: { experts: 3, rank: 2 }, ...given }, { exactBytes: false });

/** Mean shares over a text's tokens by the evaluator, of every linear. */
const sharesInTheory = async ({ ids }: TokenText, { method }: ReturnType<typeof recipe>, values: ReadonlyMap<string, Float32Array>): Promise<number[][]> => {
  const { config, build } = source.member;
  const { shares, parameters } = method.apply([build(causalInputs(config, { mask: false })).hidden]);
  const row = (data: readonly number[]) => tensor([1, ids.length], data);
  const given = new Map([['ids', row(ids)], ['positions', row([...ids.keys()])]]); // biome-ignore format: pairs
  for (const node of source.parameters) given.set(nameOf(node), tensor(node.shape as number[], await source.values(nameOf(node))));
  for (const node of parameters) given.set(nameOf(node), tensor(node.shape as number[], values.get(nameOf(node))!));
  const found = inTheory(Object.fromEntries(shares), given);
  return [...shares.keys()].map((site) => [0, 1, 2].map((n) => ids.reduce((sum, _, t) => sum + Number(found[site]!.data[3 * t + n]), 0) / ids.length));
};

it('is the mean share of the experts, every text counting the same, by kind and by linear, however the texts are packed', async () => {
  const used = recipe();
  const texts = tinyTexts(7, source.member.config.vocab).map((text, n) => ({ ...text, kind: [0, 1, -1][n % 3]! }));
  const values = await randomValues(source, used.method);
  const found = (await expertUse({ base: await tinyBase(source), engine, recipe: used, texts, values }))!;
  const each = await Promise.all(texts.map((text) => sharesInTheory(text, used, values)));
  const mean = (rows: readonly (readonly number[])[]): number[] => [0, 1, 2].map((n) => rows.reduce((sum, row) => sum + row[n]!, 0) / rows.length);
  expect([...found.byKind.keys()]).toEqual([-1, 0, 1]);
  for (const [kind, shares] of found.byKind) {
    const own = texts.flatMap((text, i) => (text.kind === kind ? each[i]! : []));
    for (const [n, wanted] of mean(own).entries()) expect(shares[n]).toBeCloseTo(wanted, 5);
    expect(shares.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
  }
  expect(found.byModule.size).toBe(6);
  for (const [m, shares] of [...found.byModule.values()].entries()) {
    const wanted = mean(each.map((linears) => linears[m]!));
    for (const [n, share] of shares.entries()) expect(share).toBeCloseTo(wanted[n]!, 5);
  }
});

it('is nothing where there are no experts', async () => {
  const used = recipe({ method: 'lora', options: { rank: 2 } });
  expect(
    await expertUse({ base: await tinyBase(source), engine, recipe: used, texts: tinyTexts(3, 32), values: await randomValues(source, used.method) }),
  ).toBeUndefined();
});
