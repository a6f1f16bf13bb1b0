import { ConfigError } from '../../core/index.ts';
import { openDraw } from '../orion/draw.ts';
import type { Parts, PartsOutput } from './parts.ts';
import { products, rowAt } from './rows.ts';
import { throughBlocks } from './through-blocks.ts';

export interface HeadScore {
  readonly layer: number;
  readonly head: number;
  /** Mean attention to the token before, in [0, 1]. */
  readonly previous: number;
  /** Mean attention, in the second half, to the same token's place in the first. */
  readonly duplicate: number;
  /** Mean attention, in the second half, to the place after the same token's in the first: to what comes next. */
  readonly induction: number;
  /** Whether attending to a token makes that token likelier than others: the mean place of its logit among those of all tokens drawn, 1 always the highest, 0 as by chance, −1 always the lowest. */
  readonly copying: number;
}

export interface HeadScoreOptions {
  /** Tokens that are drawn from: those that stand for text. */
  readonly vocabulary: readonly number[];
  /** What begins every text. Default: nothing. */
  readonly prefix?: readonly number[] | undefined;
  /** Different tokens of a text, which then come a second time. Default 50. */
  readonly length?: number | undefined;
  /** Texts. Default 4. */
  readonly texts?: number | undefined;
  /** Default 0. */
  readonly seed?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** The three means of one pattern [heads, seq, seq] of a text of `skipped` tokens and twice `length` others. */
export const patternScores = (pattern: Float32Array, skipped: number, length: number): Pick<HeadScore, 'previous' | 'duplicate' | 'induction'>[] => {
  const seq = skipped + 2 * length;
  const heads = pattern.length / seq ** 2;
  return Array.from({ length: heads }, (_, head) => {
    const at = (query: number, key: number): number => pattern[(head * seq + query) * seq + key]!;
    const mean = (first: number, key: (query: number) => number): number => {
      let sum = 0;
      for (let query = first; query < seq; query++) sum += at(query, key(query));
      return sum / (seq - first);
    };
    const second = skipped + length;
    // The second token of all has no choice but the first, where heads that look for nothing rest.
    return {
      previous: mean(Math.max(2, skipped + 1), (query) => query - 1),
      duplicate: mean(second, (query) => query - length),
      induction: mean(second, (query) => query - length + 1),
    };
  });
};

/**
 * What kinds of heads a model has, measured on tokens drawn at random that come twice in a row: nothing but their repetition can be known of such a text.
 *
 * @throws ConfigError for a text longer than the model's context, or a vocabulary that is too small
 * Source: C. Olsson et al., arXiv:2209.11895 (previous token, induction as prefix matching); K. Wang et al., arXiv:2211.00593 (duplicate token, copying). Different: copying is measured on the values that the head mixes in
 * these texts, and by the mean place of the token's logit, not by whether it is among the five highest, so that heads that hold a token down are told from those that do nothing.
 */
export const headScores = async (
  parts: Parts,
  { vocabulary, prefix = [], length = 50, texts = 4, seed = 0, signal, onProgress }: HeadScoreOptions,
): Promise<HeadScore[]> => {
  const { layers, heads, kvHeads, headDim, hidden, positions } = parts.config;
  const seq = prefix.length + 2 * length;
  if (length < 2 || seq > positions)
    throw new ConfigError(`heads: expected texts of 4 to ${positions} tokens, got twice ${length}${prefix.length > 0 ? ` after ${prefix.length}` : ''}; choose another length`); // biome-ignore format: one message
  if (vocabulary.length < length)
    throw new ConfigError(`heads: expected at least ${length} tokens to draw from, got ${vocabulary.length}; choose a smaller length`);
  const draw = openDraw(seed);
  const sums = Array.from({ length: layers * heads }, () => ({ previous: 0, duplicate: 0, induction: 0, copying: 0 }));
  for (let text = 0; text < texts; text++) {
    const drawn = distinct(vocabulary, length, (below) => draw.index(below));
    const directions = await parts.directions(drawn);
    for await (const { block, made } of throughBlocks(parts, [...prefix, ...drawn, ...drawn])) {
      signal?.throwIfAborted();
      const copied = await copying(parts, block, made, prefix.length, length, directions);
      for (const [head, scores] of patternScores(made.pattern, prefix.length, length).entries()) {
        const sum = sums[block * heads + head]!;
        for (const key of ['previous', 'duplicate', 'induction'] as const) sum[key] += scores[key] / texts;
        sum.copying += copied[head]! / texts;
      }
      onProgress?.(text * layers + block + 1, texts * layers);
    }
  }
  return sums.map((scores, i) => ({ layer: Math.floor(i / heads), head: i % heads, ...scores }));

  /** Each head made to attend to one token of the first half alone: how high that token's logit then stands among those of all. */
  async function copying(model: Parts, block: number, made: PartsOutput, skipped: number, count: number, along: Float32Array): Promise<number[]> {
    const mixed = heads * headDim;
    const rows = new Float32Array((heads * count + 1) * mixed); // the last for the bias
    for (let head = 0; head < heads; head++)
      for (let token = 0; token < count; token++) {
        const from = (Math.floor((head * kvHeads) / heads) * seq + skipped + token) * headDim;
        rows.set(made.values.subarray(from, from + headDim), (head * count + token) * mixed + head * headDim);
      }
    // What norms divide by does not change the order of logits, so one token's serves for all.
    const shares = await model.shares(block, rows, made.z.subarray(made.z.length - mixed));
    const bias = rowAt(shares, hidden, heads * count);
    for (let row = 0; row < heads * count; row++) for (let i = 0; i < hidden; i++) shares[row * hidden + i]! -= bias[i]!;
    const outputs = shares.subarray(0, heads * count * hidden);
    const logits = products(await model.finalShares(outputs, made.stream.subarray(made.stream.length - hidden)), along, hidden);
    return Array.from({ length: heads }, (_, head) => {
      let places = 0;
      for (let token = 0; token < count; token++) {
        const row = logits[head * count + token]!;
        for (const logit of row) places += Math.sign(row[token]! - logit);
      }
      return places / count / (count - 1);
    });
  }
};

/** So many different items, drawn in the order of the first places of a shuffle. */
const distinct = <T>(items: readonly T[], count: number, index: (below: number) => number): T[] => {
  const order = [...items];
  for (let i = 0; i < count; i++) {
    const other = i + index(order.length - i);
    [order[i], order[other]] = [order[other]!, order[i]!];
  }
  return order.slice(0, count);
};
