import { type Axis, add, cast, concat, cumsum, equal, expand, greater, iota, lessOrEqual, logicalAnd, mul, type Node, sub, unsqueeze } from '../core/index.ts';
import { masked } from './attention.ts';

export interface CausalBiasOptions {
  /** Axes of the new tokens. */
  readonly batch: Axis;
  readonly seq: Axis;
  /** [batch, seq] bool: true where there is a token; without it, everywhere. */
  readonly mask?: Node | undefined;
  /** [batch, seq] int64: texts packed into one row by their numbers; a token sees only those of its own. */
  readonly segments?: Node | undefined;
  /** [batch, kvSeq] bool: which slots of the cache hold a token; earlier slots hold earlier tokens. */
  readonly past?: Node | undefined;
  /** A token sees itself and the window − 1 tokens before it; without it, all before it. Slots without a token do not count. */
  readonly window?: number | undefined;
}

/**
 * Additive bias of causal attention: 0 where a query may see a key, -1e30 where not: later tokens, tokens outside the window or of another segment, and what is no token.
 *
 * @returns  [batch or 1, 1, seq, kvSeq + seq] float32, keys of the cache first
 */
export const causalBias = ({ batch, seq, mask, segments, past, window }: CausalBiasOptions): Node => {
  const rows = unsqueeze(iota(seq), 1);
  let among = unsqueeze(lessOrEqual(unsqueeze(iota(seq), 0), rows), 0); // [1, seq, seq]
  if (mask) among = logicalAnd(among, unsqueeze(mask, 1));
  if (segments) among = logicalAnd(among, equal(unsqueeze(segments, 1), unsqueeze(segments, 2)));
  // The number of a token among the new ones, from 1; of a slot of the cache, counted back from its end: 0, −1, …
  const counted = window === undefined ? undefined : mask ? cumsum(cast(mask, 'int64'), 1) : unsqueeze(add(iota(seq), 1), 0); // [batch or 1, seq]
  const near = (numbers: Node, bound: number): Node => greater(unsqueeze(numbers, 1), sub(unsqueeze(counted!, -1), bound)); // [batch, seq, keys]
  if (counted && window !== undefined) among = logicalAnd(among, near(counted, window));
  if (!past) return bias(among);
  const kvSeq = past.shape[1]!;
  let before = expand(unsqueeze(past, 1), [batch, seq, kvSeq]);
  if (window !== undefined) {
    const there = cast(past, 'int64');
    before = logicalAnd(before, near(sub(there, cumsum(there, 1, { reverse: true })), window));
  }
  return bias(concat([before, expand(among, [batch, seq, seq])], -1));
};

/** [batch, seq, keys] bool → [batch, 1, seq, keys] float32 */
const bias = (visible: Node): Node => unsqueeze(mul(sub(cast(visible, 'float32'), 1), masked), 1);
