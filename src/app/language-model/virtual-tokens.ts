import type { Generator } from '../../generate/index.ts';

/**
 * A generator that puts virtual tokens before every text; who asks sees none of them.
 *
 * @param count  of them; their ids follow the vocabulary's
 */
export const withVirtualTokens = (generator: Generator, { count, vocab }: { readonly count: number; readonly vocab: number }): Generator => {
  if (count === 0) return generator;
  const virtual = Array.from({ length: count }, (_, i) => vocab + i);
  return {
    async generate(request, onToken) {
      const made = await generator.generate({ ...request, prompt: [...virtual, ...request.prompt] }, onToken);
      return { ...made, promptTokens: made.promptTokens - count, cachedTokens: Math.max(0, made.cachedTokens - count) };
    },
    score: (tokens, from) => generator.score([...virtual, ...tokens], from + count),
    scoreContinuations: (beginning, continuations) => generator.scoreContinuations([...virtual, ...beginning], continuations),
    get stats() {
      return generator.stats;
    },
    [Symbol.asyncDispose]: () => generator[Symbol.asyncDispose](),
  };
};
