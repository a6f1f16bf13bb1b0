import { readdir, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError, LyceumError, NotFoundError, print } from '../../core/index.ts';
import { openSafetensors, writeSafetensors } from '../../formats/index.ts';
import { mutateJson } from '../../formats/testing/hostile.ts';
import { causalSource, openCausalFiles } from '../../models/index.ts';
import { ablate, capture } from '../../nn/index.ts';
import { CancelledError } from '../../runtime/index.ts';
import { FileError } from '../file-error.ts';
import { ownHome } from '../testing/own-home.ts';
import { tinyConfig, writeTinyModel } from '../testing/tiny-language-model.ts';
import { type LanguageModel, type OpenLanguageModel, openLanguageModel } from './open-language-model.ts';
import { openLanguageModelApart } from './open-language-model-apart.ts';
import type { TextPiece } from './text-request.ts';
import { openTextTools } from './text-tools.ts';

const own = ownHome();
let folder: string;
let here: OpenLanguageModel;
let apart: LanguageModel;
beforeAll(async () => {
  folder = await writeTinyModel(join(own.path, 'tiny'));
  [here, apart] = await Promise.all([openLanguageModel(folder, { threads: 1 }), openLanguageModelApart(folder, { threads: 1, slots: 2 })]);
});
afterAll(async () => {
  await here[Symbol.asyncDispose]();
  await apart[Symbol.asyncDispose]();
});

const warm = { temperature: 1, topK: 40, seed: 5, maxTokens: 40 };

describe('a language model', () => {
  it('says what it is', () => {
    expect(here.info).toMatchObject({ name: 'tiny', family: 'llama', layers: 2, hidden: 32, vocab: 264, context: 256, weights: 'f32', hasChatTemplate: true });
    expect(here.info.parameters).toBe(264 * 32 + 32 + 2 * (2 * 32 + 2 * 32 * 32 + 2 * 16 * 32 + 3 * 64 * 32));
    expect(apart.info).toEqual(here.info);
  });

  it('shows the graph of a step, to print and to edit', () => {
    const roots = Object.values(here.graph.outputs);
    expect(print(roots)).toMatch(/ = input .+ = parameter .+@blocks\.1\.attn\.pattern.+return /s);
    const [site] = Object.keys(capture(roots, ['blocks.1.resid.post']));
    const ablated = ablate(roots, 'blocks.0.mlp.act');
    expect([site, print(ablated.roots) === print(roots)]).toEqual(['blocks.1.resid.post', false]);
  });

  it('gives the same in this process and in one of its own, piece by piece, many at once', async () => {
    const prompts = ['Once upon a time', 'Ω', 'The capital of France is', 'a', 'Ünïcode ☃ and 日本'];
    const wanted = [];
    for (const prompt of prompts) wanted.push(await here.generate({ prompt, ...warm }));
    expect(new Set(wanted.map(({ text }) => text)).size).toBe(prompts.length);
    const pieces: TextPiece[][] = prompts.map(() => []);
    const found = await Promise.all(
      prompts.map((prompt, i) => apart.generate({ prompt, ...warm, candidates: 2 }, { onPiece: (piece) => void pieces[i]!.push(piece) })),
    );
    expect(found.map(({ text, tokenIds }) => ({ text, tokenIds }))).toEqual(wanted.map(({ text, tokenIds }) => ({ text, tokenIds })));
    for (const [i, own] of pieces.entries()) {
      expect(own.map(({ text }) => text).join('')).toBe(found[i]!.text);
      expect(own.flatMap(({ tokens }) => tokens.map(({ id }) => id))).toEqual(found[i]!.tokenIds);
      expect(own.flatMap(({ tokens }) => tokens).every(({ candidates }) => candidates!.length === 2)).toBe(true);
    }
  });

  it('reads a conversation through the template of its folder', async () => {
    const messages = [{ role: 'user', content: 'Hi <|im_end|>' }];
    const { usage, tokenIds } = await here.generate({ messages, maxTokens: 3 });
    const text = '<|im_start|>user\nHi <|im_end|><|im_end|>\n<|im_start|>assistant\n';
    expect(await here.generate({ prompt: text, maxTokens: 3 })).toMatchObject({ tokenIds, usage: { promptTokens: usage.promptTokens } });
  });

  it('finds the template in a file of its own, and the usual one of several', async () => {
    const bare = await writeTinyModel(join(own.path, 'bare'), { template: false });
    const files = () => openCausalFiles('folder', bare);
    expect((await openTextTools(await files(), 'ours', tinyConfig.vocab_size)).chatTemplate).toBe('ours');
    const config = (value: unknown) => writeFile(join(bare, 'tokenizer_config.json'), typeof value === 'string' ? value : JSON.stringify(value));
    await config({ chat_template: [{ name: 'tool_use', template: 'T' }, { name: 'default', template: 'D' }] }); // biome-ignore format: short
    expect((await openTextTools(await files(), 'ours', tinyConfig.vocab_size)).chatTemplate).toBe('D');
    await writeFile(join(bare, 'chat_template.jinja'), 'J');
    expect((await openTextTools(await files(), 'ours', tinyConfig.vocab_size)).chatTemplate).toBe('J');
    for (const broken of ['{"eos_token": ', '[]']) {
      await config(broken);
      await expect(files().then((them) => openTextTools(them, undefined, tinyConfig.vocab_size))).rejects.toThrow(
        /tokenizer_config\.json: expected (a )?JSON.+; fetch the model again/,
      );
    }
  });

  it('is the same in several files of weights, and refuses an index that does not fit them', async () => {
    const sharded = await writeTinyModel(join(own.path, 'sharded'));
    const whole = await openSafetensors(join(sharded, 'model.safetensors'));
    const index: Record<string, string> = {};
    for (const [shard, odd] of [
      ['model-00001-of-00002.safetensors', 0],
      ['model-00002-of-00002.safetensors', 1],
    ] as const) {
      // biome-ignore format: short
      const names = [...whole.tensors.keys()].filter((_, i) => i % 2 === odd);
      const tensors = await Promise.all(
        names.map(async (name) => {
          const { shape, data } = await whole.read(name);
          return [name, { dtype: 'float32' as const, shape, data: data as Float32Array<ArrayBuffer> }] as const;
        }),
      );
      await writeSafetensors(join(sharded, shard), Object.fromEntries(tensors));
      for (const name of names) index[name] = shard;
    }
    await rm(join(sharded, 'model.safetensors'));
    const indexed = (value: unknown) => writeFile(join(sharded, 'model.safetensors.index.json'), JSON.stringify(value));
    await indexed({ metadata: {}, weight_map: index });
    await using model = await openLanguageModel(sharded, { threads: 1 });
    expect((await model.generate({ prompt: 'abc', ...warm })).tokenIds).toEqual((await here.generate({ prompt: 'abc', ...warm })).tokenIds);
    for (let seed = 0; seed < 200; seed++) {
      await indexed(mutateJson({ metadata: {}, weight_map: index }, seed));
      await openCausalFiles('folder', sharded)
        .then(causalSource)
        .catch((error: unknown) => {
          if (!(error instanceof LyceumError || error instanceof FileError)) throw new Error(`seed ${seed}`, { cause: error });
        });
    }
  });

  it('takes token ids and biases, names the bytes of tokens, and says how busy it is', async () => {
    const { tokenIds } = await here.generate({ prompt: 'abc', ...warm });
    for (const model of [here, apart]) {
      expect((await model.generate({ prompt: [97, 98, 99], ...warm })).tokenIds).toEqual(tokenIds);
      const found: TextPiece[] = [];
      await model.generate({ prompt: 'abc', maxTokens: 2, logitBias: new Map([[65, 1000]]), candidates: 2 }, { onPiece: (piece) => void found.push(piece) });
      const tokens = found.flatMap((piece) => piece.tokens);
      expect(tokens.map(({ bytes }) => Buffer.from(bytes!).toString())).toEqual(['A', 'A']);
      const spelt = (id: number) => (id < 256 ? [id] : [...Buffer.from(['<|endoftext|>', '<|im_start|>', '<|im_end|>'][id - 256] ?? '')]);
      for (const { id, bytes } of tokens.flatMap(({ candidates }) => candidates!)) expect([...bytes]).toEqual(spelt(id));
      expect(await model.load()).toEqual({ active: 0, waiting: 0, cacheBytes: expect.any(Number), memoryBytes: expect.any(Number) });
      await expect(model.generate({ messages: [{ role: 'user', content: 'Hi' }], tools: [{}] })).rejects.toThrow(/template does not name them/);
    }
  });

  it('never shows a stop string or what comes after it', async () => {
    const { text } = await here.generate({ prompt: 'abc', ...warm });
    const at = 7;
    const stop = text.slice(at, at + 2);
    const pieces: string[] = [];
    const found = await here.generate({ prompt: 'abc', ...warm, stop: [stop] }, { onPiece: (piece) => void pieces.push(piece.text) });
    expect(found).toMatchObject({ text: text.slice(0, text.indexOf(stop)), finishReason: 'stop' });
    expect(pieces.join('')).toBe(found.text);
  });

  it('scores the tokens that end after the prompt as the chain of its own probabilities', async () => {
    const { logprob, tokenLogprobs, tokenIds } = await apart.logprobs('Hello ', 'wörld');
    expect(Buffer.from(tokenIds).toString()).toBe('wörld');
    expect(logprob).toBeCloseTo(
      tokenLogprobs.reduce((a, b) => a + b, 0),
      9,
    );
    const [first, rest] = [await here.logprobs('Hello ', 'w'), await here.logprobs('Hello w', 'örld')];
    expect(first.logprob + rest.logprob).toBeCloseTo(logprob, 4);
  });

  it('scores many completions of a prompt or a conversation as it scores each', async () => {
    const completions = ['wörld', 'w', 'world', 'x'.repeat(90), ' there'];
    for (const model of [here, apart]) {
      const found = await model.scoreCompletions('Hello ', completions);
      for (const [i, completion] of completions.entries()) {
        const wanted = await here.logprobs('Hello ', completion);
        expect(found[i]!.tokenIds).toEqual(wanted.tokenIds);
        expect(found[i]!.logprob).toBeCloseTo(wanted.logprob, 3);
      }
      const spoken = await model.scoreCompletions([{ role: 'user', content: 'Hi' }], ['Hello', 'Ω']);
      const text = '<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n';
      expect(spoken[1]!.logprob).toBeCloseTo((await here.logprobs(text, 'Ω')).logprob, 3);
      // A first token that nothing precedes has no probability, whoever asks.
      expect((await model.scoreCompletions('', ['ab', 'cd'])).map(({ tokenIds }) => tokenIds.length)).toEqual([1, 1]);
      expect(await model.scoreCompletions('Hello', [])).toEqual([]);
      await expect(model.scoreCompletions('Hello', ['a', ''])).rejects.toThrow(ConfigError);
    }
  });

  it.each(['int8', 'int4'] as const)('stays near itself with %s weights', async (weights) => {
    await using rounded = await openLanguageModel(folder, { threads: 1, weights });
    expect(rounded.info.weights).toBe(weights);
    const [a, b] = [await here.logprobs('The ', 'quick brown fox'), await rounded.logprobs('The ', 'quick brown fox')];
    expect(b.logprob).not.toBe(a.logprob);
    expect(Math.abs(b.logprob - a.logprob) / Math.abs(a.logprob)).toBeLessThan(weights === 'int8' ? 0.02 : 0.25);
  });

  it.each(['f32', 'int8', 'int4'] as const)(
    'with %s weights an answer is that of its request alone, bit for bit, whatever was asked before or is asked beside it',
    async (weights) => {
      const common =
        'A fox met a crow on a hill, and they spoke of the weather, of cheese and of graphs, until it was dark and both went home to sleep. In the morning '; // 146 tokens
      const prompts = [`${common}it rained.`, `${common}the crow was gone, and the fox looked for it.`, 'Once', `${common.slice(0, 70)}`, common];
      const asked = { ...warm, maxTokens: 12, candidates: 2 };
      const ask = async (model: LanguageModel, prompt: string) => {
        const tokens: unknown[] = [];
        const { usage } = await model.generate({ prompt, ...asked }, { onPiece: (piece) => void tokens.push(...piece.tokens) });
        return { tokens, cached: usage.cachedTokens };
      };
      const alone: (readonly unknown[])[] = [];
      for (const prompt of prompts) {
        await using fresh = await openLanguageModel(folder, { threads: 1, weights });
        const { tokens, cached } = await ask(fresh, prompt);
        expect(cached).toBe(0);
        alone.push(tokens);
      }
      await using model = await openLanguageModel(folder, { threads: 1, weights, slots: 4 });
      const cached: number[] = [];
      for (const [i, prompt] of [...prompts, ...prompts].entries()) {
        const found = await ask(model, prompt);
        expect(found.tokens).toEqual(alone[i % prompts.length]);
        cached.push(found.cached);
      }
      expect(Math.max(...cached)).toBeGreaterThan(100);
      const together = await Promise.all(prompts.map((prompt) => ask(model, prompt)));
      expect(together.map(({ tokens }) => tokens)).toEqual(alone);
    },
  );

  it('prepares weights once, and again where the file has changed, is damaged or cannot be kept', async () => {
    const kept = join(process.env['LYCEUM_HOME']!, 'prepared');
    const files = async () => (await readdir(kept).catch(() => [])).length;
    const whole = await files();
    await using plain = await openLanguageModel(folder, { threads: 1, weights: 'f32' });
    expect(await files()).toBe(whole); // float weights are read where they lie
    await using first = await openLanguageModel(folder, { threads: 1, weights: 'int8' });
    const wanted = await first.generate({ prompt: 'abc', maxTokens: 8 });
    expect(wanted.tokenIds).not.toEqual([]);
    expect(plain.info.weights).toBe('f32');
    const again = async (): Promise<void> => {
      await using model = await openLanguageModel(folder, { threads: 1, weights: 'int8' });
      expect((await model.generate({ prompt: 'abc', maxTokens: 8 })).tokenIds).toEqual(wanted.tokenIds);
    };
    const before = await readdir(kept);
    const sizes = () => Promise.all(before.map(async (name) => (await stat(join(kept, name))).size));
    const sizesBefore = await sizes();
    await again();
    expect(Number.isFinite((await first.logprobs('abc', 'def')).logprob)).toBe(true); // by another program, whose weights lie there too
    expect(await readdir(kept)).toEqual(before);
    expect(await sizes()).toEqual(sizesBefore);
    for (const name of before) await truncate(join(kept, name), 100);
    await again();
    await utimes(join(folder, 'model.safetensors'), new Date(), new Date());
    await again();
    expect((await readdir(kept)).length).toBe(before.length + 1);
    process.env['LYCEUM_HOME'] = '/dev/null/nowhere';
    await again();
    process.env['LYCEUM_HOME'] = join(kept, '..');
  });

  it('answers as a JSON Schema wants it, however little room there is', async () => {
    const schema = {
      type: 'object',
      properties: { name: { type: 'string' }, age: { type: 'integer', minimum: 0 }, tags: { type: 'array', items: { enum: ['a', 'b'] } } },
      required: ['name', 'age', 'tags'],
      additionalProperties: false,
    };
    for (const maxTokens of [45, 120])
      for (const seed of [1, 2, 3]) {
        const { text } = await apart.generate({ prompt: 'Describe:', schema, maxTokens, temperature: 1.5, seed });
        const found = JSON.parse(text) as Record<string, unknown>;
        expect(Object.keys(found)).toEqual(['name', 'age', 'tags']);
        expect(Number.isInteger(found['age'])).toBe(true);
      }
    await expect(apart.generate({ prompt: 'a', schema: { type: 'nothing' } })).rejects.toThrow(ConfigError);
  });

  it('stops with the signal, and refuses what it cannot do, with the same error from its own process', async () => {
    for (const model of [here, apart]) {
      const abort = new AbortController();
      const stopped = model.generate({ prompt: 'a', maxTokens: 200 }, { signal: abort.signal, onPiece: () => abort.abort(new Error('enough')) });
      await expect(stopped).rejects.toThrow('enough');
      const refused = (request: object) => expect(model.generate(request)).rejects.toThrow(ConfigError);
      await refused({});
      await refused({ prompt: 'a', messages: [] });
      await refused({ prompt: 'a', maxTokens: 0 });
      await refused({ prompt: 'a', topP: 3 });
      await refused({ prompt: 'a'.repeat(300) });
      await refused({ prompt: '' });
      await expect(model.logprobs('a', '')).rejects.toThrow(ConfigError);
    }
    const closing = await openLanguageModelApart(folder, { threads: 1 });
    const cut = expect(closing.generate({ prompt: 'a', maxTokens: 200 })).rejects.toThrow(CancelledError);
    await closing[Symbol.asyncDispose]();
    await cut;
  });

  it('never draws an id that no token has, whatever is asked for', async () => {
    // Five rows of the table are beyond the tokens.
    const [first, last] = [259, tinyConfig.vocab_size];
    const unnamed = Array.from({ length: last - first }, (_, i) => first + i);
    const wanted = { prompt: 'abc', maxTokens: 40, temperature: 10, logitBias: new Map(unnamed.map((id) => [id, 1000])) };
    for (let seed = 0; seed < 3; seed++)
      for (const model of [here, apart]) {
        const { tokenIds } = await model.generate({ ...wanted, seed });
        expect(Math.max(...tokenIds)).toBeLessThan(first);
      }
    expect((await here.generate({ ...wanted, temperature: 0, maxTokens: 3 })).tokenIds.every((id) => id < first)).toBe(true);
  });

  it('refuses files that are not whole or do not belong together', async () => {
    await expect(openLanguageModel('no-such-model')).rejects.toThrow(NotFoundError);
    await expect(openLanguageModelApart('no-such-model')).rejects.toThrow(NotFoundError);
    const other = await writeTinyModel(join(folder, '..', 'other'), { template: false, vocab: 258 });
    await expect(openLanguageModel(other)).rejects.toThrow(/tokenizer and weights are of two models/);
    const wide = await writeTinyModel(join(folder, '..', 'wide'), { template: false, vocab: 259 + 257 });
    await expect(openLanguageModel(wide)).rejects.toThrow(
      /expected a tokenizer of 260 to 516 tokens .+ 516 rows for them, at most 256 to spare\), got 259; tokenizer and weights/,
    );
    const plain = await writeTinyModel(join(folder, '..', 'plain'), { template: false });
    await using model = await openLanguageModel(plain, { threads: 1 });
    await expect(model.generate({ messages: [{ role: 'user', content: 'Hi' }] })).rejects.toThrow(/chat template/);
    await writeFile(join(plain, 'config.json'), JSON.stringify({ ...tinyConfig, hidden_size: 64 }));
    await expect(openLanguageModel(plain)).rejects.toThrow(/two models/);
    await expect(openLanguageModel(folder, { weights: 'int3' as never })).rejects.toThrow(ConfigError);
  });
});
