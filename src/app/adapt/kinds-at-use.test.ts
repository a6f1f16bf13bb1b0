import { join } from 'node:path';
import { expect, it } from 'vitest';
import { randomValues } from '../../adapt/files/testing/sources.ts';
import { recipeOf, saveAdapter, trainingGraph } from '../../adapt/index.ts';
import { leavesOf } from '../../core/index.ts';
import { openBase } from '../language-model/open-base.ts';
import { openLanguageModel } from '../language-model/open-language-model.ts';
import { ownHome } from '../testing/own-home.ts';
import { writeTinyModel } from '../testing/tiny-language-model.ts';

const own = ownHome();

it('a mixture balanced by kinds writes without them: whatever groups it was balanced in, the same values write the same', async () => {
  const model = await writeTinyModel(join(own.path, 'tiny'));
  const base = await openBase(model);
  const write = async (groups: readonly number[], change: number) => {
    const recipe = recipeOf({ method: 'loramoe', weights: 'f32', options: { experts: 4, rank: 2, groups: [...groups] } }, { exactBytes: false });
    const { method, balance } = recipe;
    const { objective } = await trainingGraph(base, { method, weights: 'f32', balance: balance! });
    expect([...leavesOf([objective.loss]).inputs.keys()]).toEqual(expect.arrayContaining(['kinds', 'membership'])); // as it is trained
    const values = new Map([...(await randomValues(base.source, method))].map(([name, data]) => [name, data.map((one) => one + change)]));
    const adapter = join(own.path, `${groups.join('-')} ${change}`);
    await saveAdapter(adapter, { method, values, source: base.source, base: { name: base.name, sha256: base.sha256 }, training: {} });
    await using opened = await openLanguageModel(model, { threads: 1, weights: 'f32', adapter });
    const inputs = [...leavesOf(Object.values(opened.graph.outputs)).inputs.keys()];
    return { inputs, tokenIds: (await opened.generate({ prompt: 'Once upon a time', maxTokens: 16 })).tokenIds };
  };
  await using plain = await openLanguageModel(model, { threads: 1, weights: 'f32' });
  const [halves, uneven, other] = [await write([2, 2], 0), await write([1, 3], 0), await write([2, 2], 0.2)];
  expect(halves.tokenIds.length).toBeGreaterThan(4);
  expect(uneven).toEqual(halves);
  expect(other.tokenIds).not.toEqual(halves.tokenIds);
  expect(halves.inputs.toSorted()).toEqual([...leavesOf(Object.values(plain.graph.outputs)).inputs.keys()].sort());
}, 60_000);
