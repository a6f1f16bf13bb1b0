import {
  add,
  addAxes,
  axisLength,
  cast,
  concat,
  constant,
  equal,
  exp,
  gather,
  iota,
  less,
  matmul,
  max,
  minimum,
  mul,
  multiplyAxes,
  type Node,
  reshape,
  ShapeError,
  scatterAdd,
  slice,
  stopGradient,
  sub,
  sum,
  unsqueeze,
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
 * @param hidden      [batch, seq, hidden]
 * @param options.by  how subwords are added up: a product is faster, a scatter has the faster gradient (default)
 */
export const wordStates = (
  hidden: Node,
  { tokenWord, wordFirst, wordLast }: WordInputs,
  { by = 'scatter' }: { by?: 'scatter' | 'product' } = {},
): WordStates => {
  const [batch, seq, width] = hidden.shape;
  if (batch === undefined || seq === undefined || typeof width !== 'number')
    throw new ShapeError(`wordStates: expected [batch, seq, hidden] with hidden a number, got [${hidden.shape.join(', ')}]`);
  const words = wordFirst.shape[0]!;
  const tokens = multiplyAxes(batch, seq);
  const states = reshape(hidden, [tokens, width]);
  const score = reshape(dense('spans.attention', states, 1), [batch, seq]);
  const inWord = less(tokenWord, axisLength(words, 'int64'));
  const relevant = where(inWord, score, -1e30);
  const weight = exp(sub(relevant, stopGradient(max(relevant, [1], { keepDims: true }))));
  const first = gather(states, wordFirst);
  const last = gather(states, wordLast);
  if (by === 'product') {
    // A row's words in places of their own, [batch, seq, seq]: special tokens have weight 0 and, if no place is left, the last one, which is never that of a word.
    const seqs = axisLength(seq, 'int64');
    const place = minimum(sub(tokenWord, slice(tokenWord, 1, 1, 2)), sub(seqs, constant(1, [], 'int64')));
    const places = unsqueeze(unsqueeze(iota(seq, 'int64'), 1), 0);
    const shares = mul(cast(equal(places, unsqueeze(place, 1)), 'float32'), unsqueeze(weight, 1));
    const at = gather(reshape(add(place, unsqueeze(mul(iota(batch, 'int64'), seqs), 1)), [tokens]), wordFirst);
    return {
      tokens: states,
      first,
      last,
      sums: gather(reshape(matmul(shares, hidden), [tokens, width]), at),
      weights: gather(reshape(sum(shares, [2]), [tokens, 1]), at),
    };
  }
  const rows = concat([mul(states, reshape(weight, [tokens, 1])), reshape(weight, [tokens, 1])], 1);
  const summed = slice(scatterAdd(reshape(tokenWord, [tokens]), rows, addAxes(words, 1)), 0, 0, words);
  return {
    tokens: states,
    first,
    last,
    sums: slice(summed, 1, 0, width),
    weights: slice(summed, 1, width, width + 1),
  };
};
