import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, openEngine } from '../runtime/index.ts';
import { type Generator, openGenerator } from './generator.ts';
import { promptLookup } from './prompt-lookup.ts';
import type { Request, Token } from './request.ts';
import { createSpeculation, worthChecking } from './speculation.ts';
import { tinyBindings, tinyModel } from './testing/tiny-model.ts';

const few = fc.array(fc.nat(3), { minLength: 2, maxLength: 40 });

describe('prompt lookup', () => {
  it('proposes what followed the place that matches furthest back, of several the last', () => {
    fc.assert(
      fc.property(few, (text) => {
        const matches = text.slice(0, -1).map((_, at) => {
          let count = 0;
          while (count < 8 && count <= at && text[at - count] === text[text.length - 1 - count]) count++;
          return count;
        });
        const most = Math.max(...matches);
        const found = promptLookup(text, { most: 3 });
        expect(found === undefined).toBe(most < 2);
        if (!found) return;
        const from = matches.lastIndexOf(most) + 1;
        expect(found.matched).toBe(most);
        const whole = [...text, ...found.tokens];
        expect(found.tokens).toEqual([0, 1, 2].map((i) => whole[from + i]));
      }),
    );
    expect(promptLookup([1, 2, 3, 1, 2, 3, 1, 2], { most: 7 })!.tokens).toEqual([3, 1, 2, 3, 1, 2, 3]);
    expect(promptLookup([1, 2, 3])).toBeUndefined();
  });
});

describe('how many guesses are checked', () => {
  const guess = (odds: number, length = 10) => ({ tokens: Array<number>(length).fill(0), odds });
  it('grows with the odds, shrinks with the texts, and is none without guesses or hope', () => {
    expect(worthChecking([guess(0, 0)])).toBe(0);
    expect(worthChecking([guess(0.1)])).toBe(0);
    expect(worthChecking([guess(0.98)])).toBe(10);
    expect(worthChecking([guess(0.98, 4)])).toBe(4);
    const counts = [1, 2, 4, 8].map((texts) => worthChecking(Array(texts).fill(guess(0.6))));
    expect(counts).toEqual([...counts].sort((a, b) => b - a));
    expect(counts[0]!).toBeGreaterThan(counts[3]!);
    expect(worthChecking([guess(0.9), ...Array(7).fill(guess(0, 0))])).toBe(0);
  });

  it('follows what came of earlier guesses', () => {
    const speculation = createSpeculation();
    const text = [1, 2, 3, 4, 1, 2];
    speculation.propose(text, 5);
    const first = speculation.odds;
    for (let i = 0; i < 10; i++) speculation.learn(0, 1);
    expect(speculation.odds).toBeLessThan(first / 2);
    for (let i = 0; i < 10; i++) speculation.learn(5, 5);
    expect(speculation.odds).toBeGreaterThan(0.9);
    speculation.propose(text, 0);
    expect(speculation.tokens).toEqual([]);
  });
});

describe('generation with guesses', () => {
  let engine: Engine;
  let generator: Generator;
  beforeAll(async () => {
    engine = await openEngine({ threads: 1 });
    generator = await openGenerator({ engine, model: tinyModel, bindings: tinyBindings(), slots: 3 });
  });
  afterAll(async () => {
    await generator[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
  });

  const counts = { guessed: 0, right: 0 };
  /** Answers and their tokens as they were shown, each asked for alone or all at once. */
  const ask = async (
    requests: readonly (Omit<Request, 'mask'> & { readonly odd?: boolean; readonly stopAt?: number })[],
    speculate: boolean,
    together: boolean,
  ) => {
    const one = async ({ odd, stopAt, ...request }: (typeof requests)[number]) => {
      const shown: Token[] = [];
      const accepted: number[] = [];
      // Forbids what was accepted two tokens before, and every third: a mask with a memory.
      const mask = {
        apply: (scores: Float32Array) => {
          for (let id = 0; id < scores.length; id += 3) scores[id] = Number.NEGATIVE_INFINITY;
          if (accepted.length > 1) scores[accepted.at(-2)!] = Number.NEGATIVE_INFINITY;
        },
        accept: (id: number) => void accepted.push(id),
      };
      const { tokenIds, finishReason, guessedTokens, rightTokens } = await generator.generate({ ...request, speculate, ...(odd && { mask }) }, (token) => {
        shown.push(token);
        return shown.length !== stopAt;
      });
      expect(shown.map(({ id }) => id)).toEqual(tokenIds);
      if (odd) expect(accepted.slice(0, tokenIds.length)).toEqual(tokenIds); // an end token is accepted and not shown
      counts.guessed += guessedTokens;
      counts.right += rightTokens;
      if (!speculate) expect(guessedTokens).toBe(0);
      return {
        tokenIds,
        finishReason,
        logprobs: shown.map(({ logprob }) => logprob),
        candidates: shown.map(({ candidates }) => candidates?.map(({ id }) => id)),
      };
    };
    if (together) return Promise.all(requests.map(one));
    const answers = [];
    for (const request of requests) answers.push(await one(request));
    return answers;
  };

  const repeating = fc
    .tuple(fc.array(fc.nat(36), { minLength: 2, maxLength: 5 }), fc.integer({ min: 1, max: 5 }), fc.array(fc.nat(36), { maxLength: 3 }))
    .map(([part, times, rest]) => [...Array<number[]>(times).fill(part).flat(), ...rest, ...part.slice(0, 2)]);
  const request = fc.record({
    prompt: repeating,
    maxTokens: fc.integer({ min: 1, max: 80 }),
    sampling: fc.constantFrom(
      {},
      { temperature: 0.4, seed: 3 },
      { temperature: 1.2, topK: 5, topP: 0.9, seed: 9 },
      { repetitionPenalty: 1.3, frequencyPenalty: 0.2, presencePenalty: 0.1 },
      { temperature: 0.7, minP: 0.2, logitBias: new Map([[4, 2]]), seed: 1 },
    ),
    odd: fc.boolean(),
    stopAt: fc.constantFrom(undefined, 1, 7, 30),
    candidates: fc.constantFrom(undefined, 0, 2),
    endIds: fc.constantFrom([], [11, 23]),
  });

  it('gives the tokens that plain decoding gives, alone and among others, greedy or drawn, with masks, penalties, ends and places to stop', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 5 }), async (given) => {
        const requests = given.map(({ stopAt, candidates, ...rest }) => ({
          ...rest,
          ...(stopAt !== undefined && { stopAt }),
          ...(candidates !== undefined && { candidates }),
        }));
        const wanted = await ask(requests, false, false);
        for (const together of [false, true])
          for (const [i, { logprobs, ...rest }] of (await ask(requests, true, together)).entries()) {
            const { logprobs: plain, ...other } = wanted[i]!;
            expect(rest).toEqual(other);
            for (const [j, logprob] of logprobs.entries())
              if (plain[j] === undefined) expect(logprob).toBeUndefined();
              else expect(logprob).toBeCloseTo(plain[j], 4);
          }
      }),
      { numRuns: 40, seed: 1 },
    );
    // Else nothing was put to the test.
    expect(counts.guessed).toBeGreaterThan(500);
    expect(counts.right).toBeGreaterThan(100);
    expect(counts.guessed - counts.right).toBeGreaterThan(100);
  });

  it('takes fewer steps where a text repeats', async () => {
    let steps = 0;
    const counting: Engine = {
      ...engine,
      async compile(...given) {
        const executable = await engine.compile(...given);
        return {
          ...executable,
          run(...run) {
            steps++;
            return executable.run(...run);
          },
          [Symbol.asyncDispose]: () => executable[Symbol.asyncDispose](),
        };
      },
    };
    await using counted = await openGenerator({ engine: counting, model: tinyModel, bindings: tinyBindings() });
    const stepsOf = async (speculate: boolean): Promise<number> => {
      steps = 0;
      // A bias this large writes 4 and nothing else.
      await counted.generate({ prompt: [1, 2], maxTokens: 60, speculate, sampling: { logitBias: new Map([[4, 1000]]) } });
      return steps;
    };
    expect(await stepsOf(false)).toBe(60);
    expect(await stepsOf(true)).toBeLessThan(20);
  });
});
