import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { everyMethod, logitsOfIds, randomValues } from '../../adapt/files/testing/sources.ts';
import { adapt, type Method, methodKinds, methodOf, saveAdapter } from '../../adapt/index.ts';
import { ConfigError, UnsupportedError } from '../../core/index.ts';
import { type CausalSource, causalSource, openCausalFiles } from '../../models/index.ts';
import { convertModel } from '../models/convert/convert-model.ts';
import { resolveModel } from '../models/resolve-model.ts';
import { weightsSha256 } from '../models/show-model.ts';
import { ownHome } from '../testing/own-home.ts';
import { writeTinyModel } from '../testing/tiny-language-model.ts';
import { openLanguageModel } from './open-language-model.ts';

const own = ownHome();
const bases: Record<string, { readonly model: string; readonly source: CausalSource; readonly sha256: string }> = {};
beforeAll(async () => {
  const folder = await writeTinyModel(join(own.path, 'tiny'));
  await convertModel(folder, join(own.path, 'tiny.gguf'));
  await convertModel(folder, join(own.path, 'blocks.gguf'), { type: 'q8_0' });
  for (const [name, kind, model] of [
    ['folder', 'folder', folder],
    ['gguf', 'gguf', join(own.path, 'tiny.gguf')],
    ['blocks', 'gguf', join(own.path, 'blocks.gguf')],
  ] as const)
    bases[name] = { model, source: await causalSource(await openCausalFiles(kind, model)), sha256: await weightsSha256(await resolveModel(model)) };
});

let made = 0;
const save = async (base: 'folder' | 'gguf' | 'blocks', method: Method) => {
  const { source, sha256 } = bases[base]!;
  const [folder, values] = [join(own.path, `adapter-${made++}`), await randomValues(source, method)];
  await saveAdapter(folder, { method, values, source, base: { name: 'tiny', sha256 }, training: {} });
  return { folder, values };
};

const namedIds = 259; // the others of the vocabulary no token has, and none is drawn
/** The most probable tokens after a prompt, by the graph that is trained, read anew from the first token each time. */
const greedy = async (source: CausalSource, method: Method, values: ReadonlyMap<string, Float32Array>, prompt: readonly number[], count: number) => {
  const { virtualTokens: virtual = 0, askedTokens } = method;
  const before = Array.from({ length: virtual }, (_, i) => source.member.config.vocab + i);
  const ids = [...before, ...prompt];
  for (let i = 0; i < count; i++) {
    const { data } = await logitsOfIds(source, ids, (program) => adapt(program, method).program, values, prompt.slice(0, askedTokens));
    const last = data.slice(-source.member.config.vocab).slice(0, namedIds);
    ids.push(last.indexOf(Math.max(...last)));
  }
  return ids.slice(virtual + prompt.length);
};

describe.each(['folder', 'gguf'] as const)('a language model from a %s with what adapt has made', (base) => {
  it('writes what the trained graph writes, method by method', async () => {
    const { model, source } = bases[base]!;
    const kinds = new Set<string>();
    for (const method of everyMethod(source)) {
      kinds.add(method.kind);
      const { folder, values } = await save(base, method);
      await using opened = await openLanguageModel(model, { threads: 1, weights: 'f32', adapter: folder });
      const prompt = [...Buffer.from('Once upon')];
      const { tokenIds, usage } = await opened.generate({ prompt, maxTokens: 6 });
      expect([method.kind, tokenIds]).toEqual([method.kind, await greedy(source, method, values, prompt, tokenIds.length)]);
      expect(tokenIds.length).toBeGreaterThan(0);
      expect(usage.promptTokens).toBe(prompt.length);
    }
    expect([...kinds].sort()).toEqual([...methodKinds].sort());
  }, 120_000);
});

const text = ['The ', 'quick brown fox jumps over the lazy dog, and the dog goes on sleeping in the sun as if nothing had happened that day.'] as const;

describe('beside quantised weights', () => {
  // Blocks of eight bits are used as the file has them.
  it.each([
    ['folder', 'int8'],
    ['blocks', 'int8'],
    ['blocks', 'int4'],
  ] as const)(
    'of a %s, %s, every method changes what it changes beside float ones',
    async (base, weights) => {
      const { model, source } = bases[base]!;
      const read = async (weights: 'f32' | 'int8' | 'int4', adapter?: string): Promise<number[]> => {
        await using opened = await openLanguageModel(model, { threads: 1, weights, ...(adapter !== undefined && { adapter }) });
        return [...(await opened.logprobs(...text)).tokenLogprobs];
      };
      const [plain, rounded] = [await read('f32'), await read(weights)];
      for (const method of everyMethod(source)) {
        const { folder } = await save(base, method);
        const wanted = (await read('f32', folder)).map((logprob, i) => logprob - plain[i]!);
        const found = (await read(weights, folder)).map((logprob, i) => logprob - rounded[i]!);
        const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
        // A few entries change little beside what rounding does; new values of weights are rounded themselves.
        const least = method.kind === 'fisher-masked' || method.kind === 'full' ? 0.8 : 0.95;
        expect(dot(wanted, found) / Math.sqrt(dot(wanted, wanted) * dot(found, found)), method.kind).toBeGreaterThan(least);
      }
    },
    120_000,
  );
});

it('tokens made of what is asked are those of each text, whatever is read beside it, before it, or in its cache', async () => {
  const { model, source } = bases['folder']!;
  const method = methodOf('instance-prompt', { tokens: 2, inner: 3, asked: 8 });
  const { folder, values } = await save('folder', method);
  await using opened = await openLanguageModel(model, { threads: 1, weights: 'f32', adapter: folder });
  const often = ' upon a time,'.repeat(11);
  const texts = ['Once upon', `Twice${often} two foxes`, `Once${often} two foxes`, `Once${often} too`].map((text) => [...Buffer.from(text)]);
  const alone: (readonly number[])[] = [];
  for (const prompt of texts) alone.push(await greedy(source, method, values, prompt, 5));
  expect(new Set(alone.map(String)).size).toBeGreaterThan(1);
  const ask = (prompt: readonly number[]) => opened.generate({ prompt, maxTokens: 5 });
  const together = await Promise.all(texts.map(ask));
  expect(together.map(({ tokenIds }) => tokenIds)).toEqual(alone);
  const again = await Promise.all(texts.toReversed().map(ask));
  expect(again.map(({ tokenIds }) => tokenIds)).toEqual(alone.toReversed());
  // The last two begin alike, for the eight tokens that are asked too: what is cached of one serves the other, by the 128 with which a step begins, 2 of them made.
  await using one = await openLanguageModel(model, { threads: 1, weights: 'f32', adapter: folder, slots: 1 });
  const cached: number[] = [];
  for (const prompt of [texts[2]!, texts[3]!, texts[0]!, texts[1]!]) cached.push((await one.generate({ prompt, maxTokens: 1 })).usage.cachedTokens);
  expect(cached).toEqual([0, 126, 0, 0]);
  const completions = [' there', ' was', ' the'];
  const scored = await opened.scoreCompletions('A fox', completions);
  for (const [i, completion] of completions.entries()) expect(scored[i]!.logprob).toBeCloseTo((await opened.logprobs('A fox', completion)).logprob, 4);
}, 60_000);

describe('an adapter of ours', () => {
  it('is refused on another model, by the hash of its weights', async () => {
    const { folder } = await save('folder', methodOf('loramoe', { experts: 2 }));
    await expect(openLanguageModel(bases['gguf']!.model, { adapter: folder })).rejects.toThrow(ConfigError);
    await expect(openLanguageModel(bases['gguf']!.model, { adapter: folder })).rejects.toThrow(/expected the model it was trained on, tiny with weights/);
  });

  it('that no weights can hold is not merged', async () => {
    const { folder: routed } = await save('folder', methodOf('loramoe', { experts: 2 }));
    const merging = convertModel(bases['folder']!.model, join(own.path, 'merged'), { adapter: routed });
    await expect(merging).rejects.toThrow(UnsupportedError);
    await expect(merging).rejects.toThrow(/its router looks at what enters the linear/);
  });
});
