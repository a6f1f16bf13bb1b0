import type { Generator } from '../../generate/index.ts';
import type { Executable } from '../../runtime/index.ts';
import { instanceTokens } from './instance-tokens.ts';

/** The virtual tokens of a model. */
export interface VirtualTokens {
  /** Before every text. */
  readonly count: number;
  /** How many ids they may have, from the end of the vocabulary on. */
  readonly ids: number;
  /** Does something with the virtual tokens of a text, given what is asked in it. */
  during<T>(asked: readonly number[], work: (virtual: readonly number[]) => Promise<T>): Promise<T>;
  /** Runs the model's programs, with what they must be told of virtual tokens. */
  feeding(executable: Executable): Executable;
}

/**
 * @param count        before every text
 * @param askedTokens  of what is asked, that they are made of; 0: they are the same for all
 */
export const virtualTokensOf = ({
  count,
  vocab,
  askedTokens,
}: {
  readonly count: number;
  readonly vocab: number;
  readonly askedTokens: number;
}): VirtualTokens => {
  if (askedTokens > 0) return instanceTokens({ count, vocab, askedTokens });
  const virtual = Array.from({ length: count }, (_, i) => vocab + i);
  return { count, ids: count, during: (_, work) => work(virtual), feeding: (executable) => executable };
};

/** A generator that puts virtual tokens before every text; who asks sees none of them. */
export const withVirtualTokens = (generator: Generator, { count, during }: VirtualTokens): Generator => {
  if (count === 0) return generator;
  return {
    generate: ({ prompt, ...request }, onToken) =>
      during(prompt, async (virtual) => {
        const made = await generator.generate({ ...request, prompt: [...virtual, ...prompt] }, onToken);
        return { ...made, promptTokens: made.promptTokens - count, cachedTokens: Math.max(0, made.cachedTokens - count) };
      }),
    score: (tokens, from) => during(tokens.slice(0, from), (virtual) => generator.score([...virtual, ...tokens], from + count)),
    scoreContinuations: (beginning, continuations) => during(beginning, (virtual) => generator.scoreContinuations([...virtual, ...beginning], continuations)),
    get stats() {
      return generator.stats;
    },
    [Symbol.asyncDispose]: () => generator[Symbol.asyncDispose](),
  };
};
