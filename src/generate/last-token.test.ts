import { describe, expect, it } from 'vitest';
import { ConfigError, NotFoundError } from '../core/index.ts';
import { openEngine } from '../runtime/index.ts';
import { type Generator, openGenerator } from './generator.ts';
import { withLastToken } from './last-token.ts';
import { stepProgram } from './step-program.ts';
import { tinyBindings, tinyModel } from './testing/tiny-model.ts';

const opened = async <T>(use: (generator: Generator) => Promise<T>, site = 'blocks.0.resid.post'): Promise<T> => {
  await using engine = await openEngine({ threads: 1 });
  const program = withLastToken(stepProgram(tinyModel), site);
  await using generator = await openGenerator({ engine, model: tinyModel, program, bindings: tinyBindings(), slots: 3, lastToken: site });
  return await use(generator);
};
const prompts = [
  [5, 6, 7],
  [30, 2, 2, 2, 9, 14, 3, 8],
  [12, 12],
];
const seenIn = async (generator: Generator, prompt: readonly number[]): Promise<Float32Array> => {
  let vector: Float32Array | undefined;
  const seen = (computed: Float32Array): false => {
    vector = computed.slice();
    return false;
  };
  const { tokenIds, finishReason } = await generator.generate({ prompt, maxTokens: 5, lastToken: { seen } });
  expect([tokenIds, finishReason]).toEqual([[], 'stop']);
  return vector!;
};
const answers = async (generator: Generator, prompt: readonly number[], put?: Float32Array) => {
  const logprobs: number[] = [];
  const { tokenIds } = await generator.generate({ prompt, maxTokens: 8, candidates: 1, ...(put && { lastToken: { put } }) }, ({ logprob }) => {
    logprobs.push(logprob!);
    return true;
  });
  return { tokenIds, logprobs };
};
const plain = async (prompt: readonly number[]) => {
  await using engine = await openEngine({ threads: 1 });
  await using generator = await openGenerator({ engine, model: tinyModel, bindings: tinyBindings(), slots: 3 });
  return await answers(generator, prompt);
};
/** The same tokens with the same probabilities, up to what a step of one row rounds otherwise than one of several. */
const same = (found: Awaited<ReturnType<typeof answers>>, wanted: Awaited<ReturnType<typeof answers>>): void => {
  expect(found.tokenIds).toEqual(wanted.tokenIds);
  for (const [i, logprob] of found.logprobs.entries()) expect(logprob).toBeCloseTo(wanted.logprobs[i]!, 5);
};

describe('what is done at the last token of a prompt', () => {
  it('changes nothing where nothing is put, or what stood there, bit for bit', async () => {
    for (const prompt of prompts)
      await opened(async (generator) => {
        expect(await answers(generator, prompt)).toEqual(await plain(prompt));
        const put = await seenIn(generator, prompt);
        expect(await answers(generator, prompt, put)).toEqual(await answers(generator, prompt)); // all of the prompt but its last token is in the cache
      });
  });

  it('after the last block hands over the first token of another prompt, whatever else is computed beside it', async () => {
    await opened(
      async (generator) => {
        const [source, target] = prompts as [number[], number[]];
        const [own, other] = [await plain(source), await plain(target)];
        const put = await seenIn(generator, source);
        const [patched, beside] = await Promise.all([answers(generator, target, put), answers(generator, prompts[2]!)]);
        expect(patched.tokenIds[0]).toBe(own.tokenIds[0]);
        expect(patched.logprobs[0]).toBeCloseTo(own.logprobs[0]!, 5);
        expect(patched.logprobs[0]).not.toBeCloseTo(other.logprobs[0]!, 5);
        same(beside, await plain(prompts[2]!));
      },
      `blocks.${tinyModel.config.layers - 1}.resid.post`,
    );
  });

  it('is not kept for whoever asks the same prompt next', async () => {
    await opened(async (generator) => {
      const put = (await seenIn(generator, prompts[0]!)).map((value) => -3 * value);
      for (const prompt of prompts) {
        const patched = await answers(generator, prompt, put);
        expect(patched.logprobs[0]).not.toBeCloseTo((await plain(prompt)).logprobs[0]!, 3);
        same(await answers(generator, prompt), await plain(prompt));
        const [together, longer] = await Promise.all([answers(generator, prompt, put), answers(generator, [...prompt, 4])]);
        same(together, patched);
        same(longer, await plain([...prompt, 4]));
      }
    });
  });

  it('refuses a site that is not there, and requests of a generator without one', async () => {
    expect(() => withLastToken(stepProgram(tinyModel), 'blocks.77.resid.post')).toThrow(NotFoundError);
    await using engine = await openEngine({ threads: 1 });
    await using generator = await openGenerator({ engine, model: tinyModel, bindings: tinyBindings() });
    await expect(generator.generate({ prompt: [1], maxTokens: 1, lastToken: {} })).rejects.toThrow(ConfigError);
  });
});
