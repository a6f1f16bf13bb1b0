import {
  addAxes,
  axisLength,
  concat,
  exp,
  gather,
  less,
  max,
  mul,
  multiplyAxes,
  type Node,
  reshape,
  ShapeError,
  scatterAdd,
  slice,
  stopGradient,
  sub,
  where,
} from '../../../core/index.ts';
import { dense } from '../../../nn/index.ts';

/** What the spans are made of, one row a word. */
export interface WordStates {
  /** [tokens, hidden] state of every subword. */
  readonly tokens: Node;
  /** [words, hidden] state of the first subword. */
  readonly first: Node;
  /** [words, hidden] state of the last subword. */
  readonly last: Node;
  /** [words, hidden] Σ e(t) h(t) over the word's subwords: sums of neighbours over sums of `weights` are the head attention of a span, exactly. */
  readonly sums: Node;
  /** [words, 1] Σ e(t). */
  readonly weights: Node;
}

export interface WordInputs {
  /** [batch, seq] int64: the word a subword belongs to; `words` for special tokens and padding. */
  readonly tokenWord: Node;
  /** [words] int64: flat position (row · seq + column) of the first and of the last subword. */
  readonly wordFirst: Node;
  readonly wordLast: Node;
}

/**
 * Gathers token states into words and weighs them for the head attention, a softmax inside each span of one learned score a token. Weights are taken
 * relative to the largest of the row, so a row's words do not depend on the rows beside it.
 *
 * @param hidden  [batch, seq, hidden]
 */
export const wordStates = (hidden: Node, { tokenWord, wordFirst, wordLast }: WordInputs): WordStates => {
  const [batch, seq, width] = hidden.shape;
  if (batch === undefined || seq === undefined || typeof width !== 'number')
    throw new ShapeError(`wordStates: expected [batch, seq, hidden] with hidden a number, got [${hidden.shape.join(', ')}]`);
  const words = wordFirst.shape[0]!;
  const tokens = multiplyAxes(batch, seq);
  const states = reshape(hidden, [tokens, width]);
  const score = reshape(dense('spans.attention', states, 1), [batch, seq]);
  const inWord = less(tokenWord, axisLength(words, 'int64'));
  const relevant = where(inWord, score, -1e30);
  const weight = reshape(exp(sub(relevant, stopGradient(max(relevant, [1], { keepDims: true })))), [tokens, 1]);
  const rows = concat([mul(states, weight), weight], 1);
  const summed = slice(scatterAdd(reshape(tokenWord, [tokens]), rows, addAxes(words, 1)), 0, 0, words);
  return {
    tokens: states,
    first: gather(states, wordFirst),
    last: gather(states, wordLast),
    sums: slice(summed, 1, 0, width),
    weights: slice(summed, 1, width, width + 1),
  };
};
