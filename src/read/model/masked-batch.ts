import type { TensorData } from '../../runtime/index.ts';
import { hashOf, uniformOf } from '../../train/index.ts';
import { bool, int64 } from './grid.ts';

/** A text as subwords, without special tokens. */
export interface SubwordText {
  readonly ids: Int32Array;
  /** Where in `ids` each word begins, ascending from 0. */
  readonly words: Int32Array;
}

/** What is masked of a text. */
export interface Masking {
  /** Ids as the encoder sees them. */
  readonly ids: Int32Array;
  /** Positions in `ids` that are to be guessed, ascending. */
  readonly positions: readonly number[];
}

export interface MaskingOptions {
  /** Share of the subwords that are to be guessed. */
  readonly masked: number;
  readonly maskId: number;
  readonly vocab: number;
}

// Streams of one text's hash.
const streams = { order: 1, kind: 2, other: 3 };

/**
 * Masks whole words until a share of the subwords is reached, as BERT does: of the chosen subwords 80 % become [MASK], 10 % any subword, 10 % stay. At least one subword is chosen.
 *
 * @param key  numbers that the choice depends on, besides the text: seed, epoch, document
 */
export const maskWords = ({ ids, words }: SubwordText, { masked, maskId, vocab }: MaskingOptions, key: readonly number[]): Masking => {
  const stream = hashOf(...key);
  const wanted = Math.max(1, Math.round(masked * ids.length));
  const endOf = (word: number): number => words[word + 1] ?? ids.length;
  const chosen = Array.from(words, (_, word) => ({ word, rank: hashOf(stream, streams.order, word) })).sort((a, b) => a.rank - b.rank || a.word - b.word);
  const positions: number[] = [];
  for (const { word } of chosen) {
    const length = endOf(word) - words[word]!;
    if (positions.length > 0 && positions.length + length > wanted) continue;
    for (let at = words[word]!; at < endOf(word); at++) positions.push(at);
    if (positions.length >= wanted) break;
  }
  const seen = ids.slice();
  for (const at of positions) {
    const share = uniformOf(stream, streams.kind, at);
    if (share < 0.8) seen[at] = maskId;
    else if (share < 0.9) seen[at] = Math.floor(uniformOf(stream, streams.other, at) * vocab);
  }
  return { ids: seen, positions: positions.sort((a, b) => a - b) };
};

/** Inputs of `maskedLanguageGraph` for some texts, `[CLS] … [SEP]`, padded to the longest; all but `lossScale`. */
export const maskedFeeds = (
  texts: readonly { readonly ids: Int32Array; readonly masking: Masking }[],
  { cls, sep }: { readonly cls: number; readonly sep: number },
): { readonly feeds: Record<string, TensorData>; readonly masked: number } => {
  const batch = texts.length;
  const seq = Math.max(...texts.map(({ ids }) => ids.length)) + 2;
  const ids = new Int32Array(batch * seq);
  const mask = new Uint8Array(batch * seq);
  const [positions, labels]: [number[], number[]] = [[], []];
  for (const [row, { ids: own, masking }] of texts.entries()) {
    const from = row * seq;
    ids[from] = cls;
    ids.set(masking.ids, from + 1);
    ids[from + 1 + own.length] = sep;
    mask.fill(1, from, from + own.length + 2);
    for (const at of masking.positions) {
      positions.push(from + 1 + at);
      labels.push(own[at]!);
    }
  }
  return {
    feeds: {
      ids: int64([batch, seq], ids),
      mask: bool([batch, seq], mask),
      maskedPositions: int64([positions.length], positions),
      maskedLabels: int64([labels.length], labels),
    },
    masked: positions.length,
  };
};
