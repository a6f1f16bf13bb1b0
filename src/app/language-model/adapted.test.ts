import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { NotFoundError } from '../../core/index.ts';
import { ownHome } from '../testing/own-home.ts';
import { mergeTinyAdapter, writeTinyAdapter } from '../testing/tiny-adapter.ts';
import { writeTinyModel } from '../testing/tiny-language-model.ts';
import { openLanguageModel } from './open-language-model.ts';
import { openLanguageModelApart } from './open-language-model-apart.ts';

const own = ownHome();
let [folder, merged, adapter] = ['', '', ''];
beforeAll(async () => {
  [folder, merged] = [await writeTinyModel(join(own.path, 'tiny')), await writeTinyModel(join(own.path, 'merged'))];
  adapter = await writeTinyAdapter(join(own.path, 'speaker'));
  await mergeTinyAdapter(merged, adapter);
});

describe('a language model with an adapter', () => {
  it('writes what the model with the adapter in its weights writes, and goes by the name of the adapter', async () => {
    await using plain = await openLanguageModel(folder, { threads: 1 });
    await using whole = await openLanguageModel(merged, { threads: 1 });
    await using beside = await openLanguageModel(folder, { threads: 1, adapter });
    await using apart = await openLanguageModelApart(folder, { threads: 1, adapter });
    expect([plain.info.name, plain.info.base, beside.info.name, beside.info.base]).toEqual(['tiny', undefined, 'speaker', 'tiny']);
    expect(apart.info).toEqual(beside.info);
    for (const prompt of ['Once upon a time', 'Ω', 'abc']) {
      const wanted = await whole.generate({ prompt, maxTokens: 40 });
      const found = await beside.generate({ prompt, maxTokens: 40 });
      expect(found.tokenIds).toEqual(wanted.tokenIds);
      expect((await apart.generate({ prompt, maxTokens: 40 })).tokenIds).toEqual(wanted.tokenIds);
      expect((await plain.generate({ prompt, maxTokens: 40 })).tokenIds).not.toEqual(wanted.tokenIds);
      expect((await beside.logprobs(prompt, ' and then')).logprob).toBeCloseTo((await whole.logprobs(prompt, ' and then')).logprob, 4);
    }
  });

  it.each([
    ['int8', 0.98],
    ['int4', 0.7],
  ] as const)('stands beside %s weights, and changes there what it changes beside float ones', async (weights, likeness) => {
    const text = ['The ', 'quick brown fox jumps over the lazy dog, and the dog goes on sleeping in the sun as if nothing had happened that day.'] as const;
    const change = async (weights: 'f32' | 'int8' | 'int4'): Promise<number[]> => {
      await using plain = await openLanguageModel(folder, { threads: 1, weights });
      await using beside = await openLanguageModel(folder, { threads: 1, weights, adapter });
      expect((await beside.generate({ prompt: 'Once upon a time', maxTokens: 30 })).tokenIds).toHaveLength(30);
      const before = (await plain.logprobs(...text)).tokenLogprobs;
      return (await beside.logprobs(...text)).tokenLogprobs.map((logprob, i) => logprob - before[i]!);
    };
    const [wanted, found] = [await change('f32'), await change(weights)];
    const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
    expect(dot(wanted, found) / Math.sqrt(dot(wanted, wanted) * dot(found, found))).toBeGreaterThan(likeness);
  });

  it('is refused where there is none', async () => {
    await expect(openLanguageModel(folder, { adapter: join(own.path, 'nobody') })).rejects.toThrow(NotFoundError);
    await expect(openLanguageModelApart(folder, { adapter: join(own.path, 'nobody') })).rejects.toThrow(/give the folder of an adapter/);
  });
});
