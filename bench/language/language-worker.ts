// Our side of the benches of language models as a process; peers answer the same requests in bench/peers/language_peer.mjs and language_peer.py.
import { type OpenLanguageModel, openLanguageModel } from '../../src/app/language-model/index.ts';
import { memory, serve } from '../reader/serve.ts';

let model: OpenLanguageModel | undefined;
const opened = (): OpenLanguageModel => {
  if (!model) throw new Error('expected the request open first');
  return model;
};

await serve({
  async open({ file, threads, weights }: { file: string; threads: number; weights: 'f32' | 'int4' | 'int8' | 'auto' }) {
    const start = performance.now();
    model = await openLanguageModel(file, { threads, weights });
    return { version: model.info.weights, seconds: (performance.now() - start) / 1000 };
  },
  /** One token after a prompt. */
  async prefill({ text }: { text: string }) {
    const start = performance.now();
    const { usage } = await opened().generate({ prompt: text, maxTokens: 1 });
    return { seconds: (performance.now() - start) / 1000, tokens: usage.promptTokens };
  },
  /** Greedy tokens of several texts at once: the time from when all have their first until all are done, and how many came in it. */
  async decode({ texts, tokens }: { texts: readonly string[]; tokens: number }) {
    const firsts = new Set<number>();
    let [start, counted] = [0, 0];
    const ids: number[][] = await Promise.all(
      texts.map(async (prompt, i) => {
        const onPiece = ({ tokens: own }: { tokens: readonly unknown[] }): void => {
          if (start > 0) counted += own.length;
          firsts.add(i);
          if (firsts.size === texts.length && start === 0) start = performance.now();
        };
        const { tokenIds } = await opened().generate({ prompt, maxTokens: tokens }, { onPiece });
        return [...tokenIds];
      }),
    );
    return { seconds: (performance.now() - start) / 1000, tokens: counted, ids };
  },
  async perplexity({ text }: { text: string }) {
    const { logprob, tokenIds } = await opened().logprobs(text.slice(0, 1), text.slice(1));
    return { perplexity: Math.exp(-logprob / tokenIds.length), tokens: tokenIds.length };
  },
  memory,
});
await model?.[Symbol.asyncDispose]();
