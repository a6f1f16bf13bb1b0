import { ConfigError } from '../../core/index.ts';
import { checkText, throughBlocks } from '../../inspect/index.ts';
import type { InspectedLanguageModel } from './open-inspected.ts';

/** A place that a token reads, and how much of its attention goes there. */
export interface AttentionRead {
  readonly place: number;
  readonly weight: number;
}

export interface AttentionOf {
  /** The text's tokens; places count from 0. */
  readonly tokens: readonly string[];
  /** Blocks, and heads of each. */
  readonly layers: number;
  readonly heads: number;
  /** What the last token reads most in every head, block by block, the most first. */
  readonly last: readonly { readonly layer: number; readonly head: number; readonly reads: readonly AttentionRead[] }[];
  /** Of the block asked for, or of its one head: a row for each token, its attention to the tokens up to itself, rounded to four decimals. Empty where no block was asked for. */
  readonly patterns: readonly { readonly layer: number; readonly head: number; readonly rows: readonly (readonly number[])[] }[];
}

export interface AttentionOfOptions {
  /** The block whose patterns are told, from 0. Default: none. */
  readonly layer?: number | undefined;
  /** Only this head of it. */
  readonly head?: number | undefined;
  /** Places told of what the last token reads. Default 3. */
  readonly top?: number | undefined;
  /** Whether the text gets what the model's tokenizer adds. Default true. */
  readonly special?: boolean | undefined;
}

/** So long a text at most where patterns are told: they grow with the square of it. */
const mostTokens = 512;

/**
 * Which earlier tokens each token of a text reads, head by head.
 *
 * @throws ConfigError for a text without tokens or too long a one, and a block or head that there is not
 */
export const attentionOf = async (
  model: InspectedLanguageModel,
  prompt: string,
  { layer: wanted, head: only, top = 3, special = true }: AttentionOfOptions = {},
): Promise<AttentionOf> => {
  const parts = await model.parts();
  const { layers, heads } = parts.config;
  const within = (what: string, value: number | undefined, count: number): void => {
    if (value !== undefined && !(Number.isInteger(value) && value >= 0 && value < count))
      throw new ConfigError(`inspect attention: expected a ${what} from 0 to ${count - 1}, got ${value}`);
  };
  within('layer', wanted, layers);
  within('head', only, heads);
  if (only !== undefined && wanted === undefined) throw new ConfigError('inspect attention: expected a layer beside the head, got none; name both');
  const ids = model.tokenizer.encode(prompt, { special });
  checkText('inspect attention', parts, ids);
  if (wanted !== undefined && ids.length > mostTokens)
    throw new ConfigError(
      `inspect attention: expected at most ${mostTokens} tokens where patterns are told, got ${ids.length}; shorten the text, or leave the layer out`,
    );
  const seq = ids.length;
  const last: AttentionOf['last'][number][] = [];
  const patterns: AttentionOf['patterns'][number][] = [];
  for await (const { block, made } of throughBlocks(parts, ids)) {
    for (let head = 0; head < heads; head++) {
      const row = (query: number): Float32Array => made.pattern.subarray((head * seq + query) * seq, (head * seq + query) * seq + query + 1);
      last.push({ layer: block, head, reads: mostRead(row(seq - 1), top) });
      if (block === wanted && (only ?? head) === head) patterns.push({ layer: block, head, rows: ids.map((_, query) => Array.from(row(query), rounded)) });
    }
  }
  return { tokens: ids.map((id) => model.tokenizer.decode([id])), layers, heads, last, patterns };
};

const rounded = (weight: number): number => Math.round(weight * 1e4) / 1e4;

/** The places with the most attention, the most first. */
export const mostRead = (row: ArrayLike<number>, top: number): AttentionRead[] =>
  Array.from(row, (weight, place) => ({ place, weight: rounded(weight) }))
    .sort((a, b) => b.weight - a.weight)
    .slice(0, top);
