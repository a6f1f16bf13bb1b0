import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../core/index.ts';
import { openEngine } from '../runtime/index.ts';
import { openGenerator } from './generator.ts';
import { stepProgram } from './step-program.ts';
import { tinyBindings, tinyModel } from './testing/tiny-model.ts';

const { vocab, positions } = tinyModel.config;
const tokens = (minLength: number, maxLength: number) => fc.array(fc.integer({ min: 0, max: vocab - 1 }), { minLength, maxLength });

describe('scores of many continuations', () => {
  it('are those of each text alone, whatever stands beside it and whatever was scored before', async () => {
    await using engine = await openEngine({ threads: 1 });
    await using generator = await openGenerator({ engine, model: tinyModel, bindings: tinyBindings() });
    // Few letters, so that continuations begin alike, and beginnings too.
    const few = fc.array(fc.integer({ min: 3, max: 5 }), { minLength: 1, maxLength: 5 });
    const cases = fc.tuple(fc.oneof(few, tokens(1, 60)), fc.array(fc.oneof(few, tokens(1, 20)), { minLength: 1, maxLength: 30 }));
    await fc.assert(
      fc.asyncProperty(cases, async ([beginning, continuations]) => {
        const found = await generator.scoreContinuations(beginning, continuations);
        expect(found.map(({ length }) => length)).toEqual(continuations.map(({ length }) => length));
        for (const [i, own] of continuations.entries()) {
          const wanted = await generator.score([...beginning, ...own], beginning.length);
          for (const [j, logprob] of found[i]!.entries()) expect(logprob).toBeCloseTo(wanted[j]!, 4);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('share a beginning from the first on, however many ask at once before any step was made', async () => {
    await using engine = await openEngine({ threads: 1 });
    const read: number[] = [];
    const watched: Pick<typeof engine, 'compile'> = {
      compile: async (...given) => {
        const made = await engine.compile(...given);
        return {
          ...made,
          run: (feeds, options) => {
            read.push(feeds['ids']!.shape[1]!);
            return made.run(feeds, options);
          },
        };
      },
    };
    const whole = async () => ({ program: stepProgram(tinyModel), bindings: tinyBindings() });
    await using generator = await openGenerator({ engine: watched, model: tinyModel, bindings: tinyBindings(), whole });
    await Promise.all([[1, 2, 3, 4], [1, 2, 3, 5], [1, 2, 6]].map((beginning) => generator.scoreContinuations(beginning, [[7]]))); // biome-ignore format: short
    expect(read).toEqual([4, 1, 1]);
  });

  it('come for texts longer than what is computed at once, beside short ones, and as many as are asked for at a time', async () => {
    await using engine = await openEngine({ threads: 1 });
    await using generator = await openGenerator({ engine, model: tinyModel, bindings: tinyBindings() });
    const long = Array.from({ length: positions - 2 }, (_, i) => (i * 7) % vocab);
    const [first, second] = await Promise.all([generator.scoreContinuations([1, 2], [[4], long, [5, 6]]), generator.scoreContinuations([2], [[4]])]);
    for (const [i, own] of [[4], long, [5, 6]].entries()) {
      const wanted = await generator.score([1, 2, ...own], 2);
      for (const [j, logprob] of first[i]!.entries()) expect(logprob).toBeCloseTo(wanted[j]!, 4);
    }
    expect(second[0]![0]).toBeCloseTo((await generator.score([2, 4], 1))[0]!, 5);
    expect(await generator.scoreContinuations([3], [])).toEqual([]);
  });

  it('are refused where there is nothing to score or no room', async () => {
    await using engine = await openEngine({ threads: 1 });
    await using generator = await openGenerator({ engine, model: tinyModel, bindings: tinyBindings() });
    await expect(generator.scoreContinuations([], [[1]])).rejects.toThrow(ConfigError);
    await expect(generator.scoreContinuations([1], [[1], []])).rejects.toThrow(/at least one token, got an empty one/);
    await expect(generator.scoreContinuations([1, 2], [Array<number>(positions - 1).fill(1)])).rejects.toThrow(/model's context/);
    expect(await generator.scoreContinuations([1], [[1]])).toHaveLength(1); // and nothing is broken
  });
});
