import { ConfigError } from '../../core/index.ts';
import type { CausalTokenizer } from '../../formats/index.ts';

/** How surprising a text is to a model. */
export interface TextPerplexity {
  /** e to the mean negative logarithm of the probability of a token. */
  readonly perplexity: number;
  /** Tokens that were predicted. */
  readonly tokens: number;
}

const windowTokens = 512;

/**
 * Perplexity of a text, read in windows of 512 tokens (or of the model's context, where that is shorter), each begun as the model's tokenizer begins a text. The first token of all in a window has no
 * probability of its own.
 *
 * @param score  logarithms of the probabilities of tokens[from …]
 * @throws ConfigError for a text of less than two tokens
 */
export const perplexityOf = async (
  text: string,
  tokenizer: Pick<CausalTokenizer, 'encode' | 'bos'>,
  positions: number,
  score: (tokens: readonly number[], from: number) => Promise<Float64Array>,
): Promise<TextPerplexity> => {
  const ids = tokenizer.encode(text, { special: false });
  const begin = tokenizer.encode('').filter((id) => id === tokenizer.bos);
  const room = Math.max(1, Math.min(windowTokens, positions) - begin.length);
  let [sum, tokens] = [0, 0];
  for (let at = 0; at < ids.length; at += room) {
    const window = [...begin, ...ids.slice(at, at + room)];
    if (window.length < 2) continue;
    for (const logprob of await score(window, Math.max(1, begin.length))) sum += logprob;
    tokens += window.length - Math.max(1, begin.length);
  }
  if (tokens === 0) throw new ConfigError(`perplexity: expected a text of at least two tokens, got ${ids.length}; write more`);
  return { perplexity: Math.exp(-sum / tokens), tokens };
};
