import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { ConfigError } from '../core/index.ts';
import { CancelledError, openEngine } from '../runtime/index.ts';
import { type Generator, openGenerator } from './generator.ts';
import type { Request, Token } from './request.ts';
import { stepProgram } from './step-program.ts';
import { tinyBindings, tinyModel, tinyModelOf } from './testing/tiny-model.ts';

const withGenerator = async <T>(use: (generator: Generator) => Promise<T>, slots = 4): Promise<T> => {
  await using engine = await openEngine({ threads: 1 });
  await using generator = await openGenerator({ engine, model: tinyModel, bindings: tinyBindings(), slots });
  return await use(generator);
};
const prompts = [[5, 6, 7], [1], [30, 2, 2, 2, 9, 14, 3, 8], [5, 6, 7, 8, 9], [12, 12], [36, 0, 1, 35, 20, 21, 22]];
const warm: Partial<Request> = { sampling: { temperature: 1.5, topK: 12, topP: 0.95, seed: 7 } };
const alone = (prompt: readonly number[], more: Partial<Request> = {}) =>
  withGenerator(async (generator) => (await generator.generate({ prompt, maxTokens: 20, ...more })).tokenIds);

describe('generation', () => {
  it.each([
    ['greedy', {}],
    ['drawn', warm],
  ] as const)('%s: gives each of a crowd the tokens that it gets alone, though some join late and there are fewer slots than prompts', async (_, more) => {
    const wanted = [];
    for (const prompt of prompts) wanted.push(await alone(prompt, more));
    expect(new Set(wanted.map(String)).size).toBeGreaterThan(3);
    const found = await withGenerator((generator) =>
      Promise.all(prompts.map(async (prompt, i) => (await generator.generate({ prompt, maxTokens: 20 - (i === 1 ? 15 : 0), ...more })).tokenIds)),
    );
    expect(found).toEqual(wanted.map((ids, i) => (i === 1 ? ids.slice(0, 5) : ids)));
  });

  it('computes a prompt whose beginning it read before from there, with the same tokens', async () => {
    const beginning = Array.from({ length: 150 }, (_, i) => (i * 7) % 37);
    await withGenerator(async (generator) => {
      const first = await generator.generate({ prompt: beginning, maxTokens: 6 });
      expect(first.cachedTokens).toBe(0);
      const longer = [...beginning, ...first.tokenIds, 3, 4];
      const second = await generator.generate({ prompt: longer, maxTokens: 9 });
      expect(second.cachedTokens).toBe(128); // where a step of a fresh reading begins
      expect(second.tokenIds).toEqual(await alone(longer, { maxTokens: 9 }));
      const again = await generator.generate({ prompt: beginning.slice(0, 128), maxTokens: 6 });
      expect(again.cachedTokens).toBe(0); // one token is always computed
      expect(again.tokenIds).toEqual(await alone(beginning.slice(0, 128), { maxTokens: 6 }));
    });
  });

  it('keeps the beginnings that were asked last, and none of short prompts, in as few slots as that takes', async () => {
    const [a, b, c] = [2, 3, 5].map((by) => Array.from({ length: 150 }, (_, i) => (i * by) % 37));
    await withGenerator(async (generator) => {
      const cachedOf = async (prompt: readonly number[] = []) => {
        const { cachedTokens, tokenIds } = await generator.generate({ prompt, maxTokens: 2 });
        expect(tokenIds).toEqual(await alone(prompt, { maxTokens: 2 }));
        return cachedTokens;
      };
      await cachedOf([1, 2, 3]);
      const { cacheBytes } = generator.stats;
      await cachedOf([4, 5]);
      expect(generator.stats.cacheBytes).toBe(cacheBytes);
      await sleep(60);
      expect(generator.stats.cacheBytes).toBe(cacheBytes); // a short prompt's slot serves the next text
      expect(await cachedOf(a)).toBe(0);
      const slotBytes = 4 * (2 * tinyModel.config.layers) * tinyModel.config.kvHeads * 192 * tinyModel.config.headDim; // of 192 places
      await vi.waitFor(() => expect(generator.stats.cacheBytes).toBe(2 * slotBytes)); // room for the next text, taken while nothing is asked
      for (const prompt of [b, c]) expect(await cachedOf(prompt)).toBe(0);
      expect(await cachedOf(b)).toBe(128);
      for (const prompt of [[1, 2], [3], [4, 5]]) expect(await cachedOf(prompt)).toBe(0); // in the place of c
      expect(await cachedOf(b)).toBe(128);
      expect(await cachedOf(c)).toBe(0);
      expect(await cachedOf(b)).toBe(128);
      expect(await cachedOf(a)).toBe(0);
      // Where two begin alike the one asked first keeps what it has.
      const [longer, like] = [
        [...a!, ...c!],
        [...a!, ...b!],
      ];
      expect(await cachedOf(longer)).toBe(128);
      expect(await cachedOf(like)).toBe(128);
      expect(await cachedOf([...longer, 1])).toBe(256);
      expect(await cachedOf([...like, 1])).toBe(256);
    }, 2);
  });

  it('shares a long beginning with one that is still at work', async () => {
    const common = Array.from({ length: 130 }, (_, i) => (i * 7) % 37);
    await withGenerator(async (generator) => {
      let late: Promise<unknown> | undefined;
      const started = await generator.generate({ prompt: [...common, 1], maxTokens: 20 }, ({ id: _ }) => {
        late ??= generator.generate({ prompt: [...common, 2], maxTokens: 20 });
        return true;
      });
      expect(started.tokenIds).toEqual(await alone([...common, 1]));
      expect(await late).toMatchObject({ cachedTokens: 128, tokenIds: await alone([...common, 2]) });
    });
  });

  it.each([
    ['the same', {}],
    ['one operator for attention', { fused: true, rowsOnly: false }],
    ['and the cache written where it lies', { fused: true, rowsOnly: false, inPlace: true }],
  ])('with a step of its own for long prompts, %s, goes on from any token of a prompt that it read, and from none of an answer', async (_, form) => {
    await using engine = await openEngine({ threads: 1 });
    const model = tinyModelOf(8);
    const bindings = tinyBindings(1, 0.5, model);
    let made = 0;
    const long = async () => {
      made++;
      return { program: stepProgram(model, form), bindings };
    };
    const whole = async () => ({ program: stepProgram(model), bindings });
    const quick = 'inPlace' in form && { program: stepProgram(model, { ...form, parts: 1 }), whole };
    await using generator = await openGenerator({ engine, model, bindings, long, slots: 2, ...quick });
    const beginning = Array.from({ length: 100 }, (_, i) => (i * 7) % 37);
    const cachedOf = async (prompt: number[]) => {
      const answerOf = async (from: Generator) => {
        const logprobs: number[] = [];
        const request = { prompt, maxTokens: 6, candidates: 1, sampling: { temperature: 2, seed: 3 } };
        return { logprobs, ...(await from.generate(request, ({ logprob }) => void logprobs.push(logprob!) as undefined)) };
      };
      const { cachedTokens, tokenIds, logprobs } = await answerOf(generator);
      await using plain = await openGenerator({ engine, model, bindings });
      const expected = await answerOf(plain);
      expect(tokenIds).toEqual(expected.tokenIds);
      for (const [i, value] of logprobs.entries()) expect(value).toBeCloseTo(expected.logprobs[i]!, 4);
      return { cachedTokens, tokenIds };
    };
    expect((await cachedOf(beginning.slice(0, 63))).cachedTokens).toBe(0);
    expect(made).toBe(0);
    const { tokenIds } = await cachedOf(beginning);
    expect(made).toBe(1);
    expect(new Set(tokenIds).size).toBeGreaterThan(1);
    // The slot after it holds another long text; and after that one of three times the length all slots have room to spare.
    const [other, longer] = [beginning.toReversed(), Array.from({ length: 300 }, (_, i) => (i * 11) % 37)];
    for (const prompt of [other, beginning]) await cachedOf(prompt);
    expect((await cachedOf(longer)).cachedTokens).toBe(0);
    for (const prompt of [other, beginning]) expect((await cachedOf(prompt)).cachedTokens).toBe(0);
    expect((await cachedOf([...other, 1, 2])).cachedTokens).toBe(86);
    expect((await cachedOf([...beginning, ...tokenIds, ...beginning])).cachedTokens).toBe(100);
    expect((await cachedOf(beginning.slice(0, 80))).cachedTokens).toBe(64); // a step of it has at least 16 tokens
    expect((await cachedOf(beginning.slice(0, 63))).cachedTokens).toBe(0);
  });

  it('with a quick step gives each of a crowd what it gets alone, guessed or not, and scores by the whole one', async () => {
    await using engine = await openEngine({ threads: 1 });
    const model = tinyModelOf(8);
    const bindings = tinyBindings(1, 0.7, model);
    const compiled: string[] = [];
    const stays: unknown[] = [];
    const watched = {
      compile: (...given: Parameters<typeof engine.compile>) => {
        compiled.push(given[0].name);
        stays.push(given[2]?.stays);
        return engine.compile(...given);
      },
    };
    const program = stepProgram(model, { fused: true, inPlace: true, rowsOnly: false, parts: 1 });
    const whole = async () => ({ program: stepProgram(model), bindings });
    await using generator = await openGenerator({ engine: watched, model, program, bindings, whole, slots: 3 });
    await using plain = await openGenerator({ engine, model, bindings });
    const asked = prompts.flatMap((prompt, i) => [false, true].map((speculate) => ({ prompt: i === 3 ? Array(40).fill([4, 9]).flat() : prompt, maxTokens: 25, speculate }))); // biome-ignore format: one list
    for (const request of asked.slice(0, 4)) await generator.generate(request);
    expect(compiled).toEqual(['tiny/fused']);
    const together = await Promise.all(asked.map((request) => generator.generate(request)));
    for (const [i, request] of asked.entries()) expect(together[i]!.tokenIds).toEqual((await plain.generate({ ...request, speculate: false })).tokenIds);
    expect(together.some(({ rightTokens }) => rightTokens > 0)).toBe(true);
    const text = [5, 6, 7, 8, 9, 10];
    for (const [i, value] of (await generator.score(text, 2)).entries()) expect(value).toBeCloseTo((await plain.score(text, 2))[i]!, 5);
    expect(compiled).toEqual(['tiny/fused', 'tiny/step']);
    expect(stays).toEqual([true, true]); // or each would cost the other its session
  });

  it('ends at an end token, at the limit, where the context is full, and where the listener says so', async () => {
    const tokens = await alone([5, 6, 7]);
    const at = tokens.findIndex((id, i) => i > 0 && tokens.indexOf(id) === i);
    await withGenerator(async (generator) => {
      expect(await generator.generate({ prompt: [5, 6, 7], maxTokens: 20, endIds: [tokens[at]!] })).toMatchObject({
        tokenIds: tokens.slice(0, at),
        finishReason: 'stop',
      });
      expect(await generator.generate({ prompt: [5, 6, 7], maxTokens: 3 })).toMatchObject({ tokenIds: tokens.slice(0, 3), finishReason: 'length' });
      const long = Array.from({ length: tinyModel.config.positions - 4 }, (_, i) => i % 37);
      expect((await generator.generate({ prompt: long, maxTokens: 50 })).tokenIds).toHaveLength(4);
      let seen = 0;
      expect(await generator.generate({ prompt: [5, 6, 7], maxTokens: 20 }, () => ++seen < 2)).toMatchObject({
        tokenIds: tokens.slice(0, 2),
        finishReason: 'stop',
      });
    });
  });

  it('names candidates with the probabilities that scoring finds', async () => {
    await withGenerator(async (generator) => {
      const seen: Token[] = [];
      const { tokenIds } = await generator.generate({ prompt: [5, 6, 7], maxTokens: 8, candidates: 3, ...warm }, (token) => void seen.push(token) as undefined);
      const scored = await generator.score([5, 6, 7, ...tokenIds], 3);
      expect(seen.map(({ id }) => id)).toEqual(tokenIds);
      for (const [i, { logprob, candidates }] of seen.entries()) {
        expect(logprob).toBeCloseTo(scored[i]!, 4);
        expect(candidates!.map((one) => one.logprob)).toEqual([...candidates!.map((one) => one.logprob)].sort((a, b) => b - a));
      }
      const whole = await generator.score([5, 6, 7, 8], 1);
      expect(whole[2]).toBeCloseTo((await generator.score([5, 6, 7, 8], 3))[0]!, 5);
    });
  });

  it('lets a mask decide, and stops with the signal without harm to others', async () => {
    await withGenerator(async (generator) => {
      const apply = (scores: Float32Array): void => {
        for (let id = 1; id < scores.length; id += 2) scores[id] = Number.NEGATIVE_INFINITY;
      };
      const even = { apply, accept: () => {} };
      const masked = await generator.generate({ prompt: [5, 6, 7], maxTokens: 20, mask: even, ...warm });
      expect(masked.tokenIds.every((id) => id % 2 === 0)).toBe(true);
      const abort = new AbortController();
      const stopped = generator.generate({ prompt: [1], maxTokens: 80, signal: abort.signal }, () => {
        abort.abort(new Error('enough'));
        return true;
      });
      const other = generator.generate({ prompt: [5, 6, 7], maxTokens: 20 });
      await expect(stopped).rejects.toThrow('enough');
      expect((await other).tokenIds).toEqual(await alone([5, 6, 7]));
      expect(generator.stats).toMatchObject({ active: 0, waiting: 0 });
    });
  });

  it('takes the weights for long prompts where there are any, and only then', async () => {
    await using engine = await openEngine({ threads: 1 });
    let asked = 0;
    const other = { program: { ...stepProgram(tinyModel), name: 'other' }, bindings: tinyBindings(2) };
    const long = async () => {
      asked++;
      return other;
    };
    await using both = await openGenerator({ engine, model: tinyModel, bindings: tinyBindings(), long });
    await using second = await openGenerator({ engine, model: tinyModel, program: other.program, bindings: other.bindings });
    const prompt = Array.from({ length: 70 }, (_, i) => (i * 5) % 37);
    expect((await both.generate({ prompt: [5, 6, 7], maxTokens: 20 })).tokenIds).toEqual(await alone([5, 6, 7]));
    expect(asked).toBe(0);
    const first = async (generator: Generator) => (await generator.generate({ prompt, maxTokens: 1 })).tokenIds;
    expect(await first(both)).toEqual(await first(second));
    await both.generate({ prompt: [...prompt].reverse(), maxTokens: 2 });
    expect(asked).toBe(1);
  });

  it('ends what is under way when it is closed', async () => {
    await using engine = await openEngine({ threads: 1 });
    const generator = await openGenerator({ engine, model: tinyModel, bindings: tinyBindings(), slots: 1 });
    const both = [generator.generate({ prompt: [1], maxTokens: 80 }), generator.generate({ prompt: [2], maxTokens: 80 })];
    const refused = Promise.all(both.map((one) => expect(one).rejects.toThrow(CancelledError)));
    await generator[Symbol.asyncDispose]();
    await refused;
  });

  it('refuses what it cannot do', async () => {
    await withGenerator(async (generator) => {
      const refused = (request: Partial<Request>) => expect(generator.generate({ prompt: [1], maxTokens: 1, ...request })).rejects.toThrow(ConfigError);
      await refused({ prompt: [] });
      await refused({ prompt: [37] });
      await refused({ prompt: Array(tinyModel.config.positions).fill(1) });
      await refused({ maxTokens: 0 });
      await refused({ sampling: { temperature: -1 } });
      await expect(generator.score([1], 1)).rejects.toThrow(ConfigError);
    });
  });
});
