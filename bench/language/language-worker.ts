// Our side of the benches of language models as a process; peers answer the same requests in bench/peers/language_peer.mjs and language_peer.py.
import { type OpenLanguageModel, openLanguageModel } from '../../src/app/language-model/index.ts';
import { memory, serve } from '../reader/serve.ts';

let model: OpenLanguageModel | undefined;
const opened = (): OpenLanguageModel => {
  if (!model) throw new Error('expected the request open first');
  return model;
};

interface Asked {
  readonly texts: readonly string[];
  /** At most so many tokens of each. */
  readonly tokens: readonly number[];
  readonly schema?: object;
}

/** Greedy answers to several texts at once, nothing guessed, for a text that repeats itself would be measured by that: the time from when all have their first token until all are done, and how many came in it. */
async function answer({ texts, tokens: most, schema }: Asked) {
  const firsts = new Set<number>();
  const begin = performance.now();
  let [start, tokens] = [0, 0];
  const results = await Promise.all(
    texts.map((prompt, i) => {
      const onPiece = ({ tokens: own }: { tokens: readonly unknown[] }): void => {
        if (start > 0) tokens += own.length;
        firsts.add(i);
        if (firsts.size === texts.length && start === 0) start = performance.now();
      };
      return opened().generate({ prompt, maxTokens: most[i]!, speculate: false, ...(schema && { schema }) }, { onPiece });
    }),
  );
  const end = performance.now();
  return {
    seconds: (end - start) / 1000,
    tokens,
    wholeSeconds: (end - begin) / 1000,
    counts: results.map(({ tokenIds }) => tokenIds.length),
    texts: results.map(({ text }) => text),
  };
}

await serve({
  async open({ file, threads, weights, adapter }: { file: string; threads: number; weights: 'f32' | 'int4' | 'int8' | 'auto'; adapter?: string }) {
    const start = performance.now();
    model = await openLanguageModel(file, { threads, weights, ...(adapter !== undefined && { adapter }) });
    return { version: model.info.weights, seconds: (performance.now() - start) / 1000 };
  },
  /** One token after a prompt. */
  async prefill({ text }: { text: string }) {
    const start = performance.now();
    const { usage } = await opened().generate({ prompt: text, maxTokens: 1 });
    return { seconds: (performance.now() - start) / 1000, tokens: usage.promptTokens };
  },
  /** As `answer`, of free answers, all as long at most. */
  async decode({ texts, tokens }: { texts: readonly string[]; tokens: number }) {
    return answer({ texts, tokens: texts.map(() => tokens) });
  },
  answer,
  async perplexity({ text }: { text: string }) {
    const { logprob, tokenIds } = await opened().logprobs(text.slice(0, 1), text.slice(1));
    return { perplexity: Math.exp(-logprob / tokenIds.length), tokens: tokenIds.length };
  },
  memory,
});
await model?.[Symbol.asyncDispose]();
