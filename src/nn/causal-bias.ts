import {
  type Axis,
  add,
  cast,
  concat,
  cumsum,
  equal,
  expand,
  gather,
  greater,
  iota,
  lessOrEqual,
  logicalAnd,
  mul,
  type Node,
  sub,
  unsqueeze,
} from '../core/index.ts';
import { masked } from './attention.ts';
import type { CausalInputs } from './causal-inputs.ts';

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
  /** [rows] int64: places of `seq` whose bias is wanted. Default: all. */
  readonly rows?: Node | undefined;
}

/**
 * Additive bias of causal attention: 0 where a query may see a key, -1e30 where not: later tokens, tokens outside the window or of another segment, and what is no token.
 *
 * @returns  [batch or 1, 1, seq or rows, kvSeq + seq] float32, keys of the cache first
 */
export const causalBias = ({ batch, seq, mask, segments, past, window, rows }: CausalBiasOptions): Node => {
  const asked = rows ? rows.shape[0]! : seq;
  const ofAsked = (x: Node): Node => (rows ? gather(x, rows, 1) : x);
  let among = unsqueeze(lessOrEqual(unsqueeze(iota(seq), 0), unsqueeze(rows ?? iota(seq), 1)), 0); // [1, asked, seq]
  if (mask) among = logicalAnd(among, unsqueeze(mask, 1));
  if (segments) among = logicalAnd(among, equal(unsqueeze(segments, 1), unsqueeze(ofAsked(segments), 2)));
  // The number of a token among the new ones, from 1; of a slot of the cache, counted back from its end: 0, −1, …
  const counted = window === undefined ? undefined : mask ? cumsum(cast(mask, 'int64'), 1) : unsqueeze(add(iota(seq), 1), 0); // [batch or 1, seq]
  const near = (numbers: Node, bound: number): Node => greater(unsqueeze(numbers, 1), sub(unsqueeze(ofAsked(counted!), -1), bound)); // [batch, asked, keys]
  if (counted && window !== undefined) among = logicalAnd(among, near(counted, window));
  if (!past) return bias(among);
  const kvSeq = past.shape[1]!;
  let before = expand(unsqueeze(past, 1), [batch, asked, kvSeq]);
  if (window !== undefined) {
    const there = cast(past, 'int64');
    before = logicalAnd(before, near(sub(there, cumsum(there, 1, { reverse: true })), window));
  }
  return bias(concat([before, expand(among, [batch, asked, seq])], -1));
};

/** The bias of a causal program: of `rows` alone where no other query is computed from scores. @param window  see `CausalBiasOptions` */
export const biasOf = ({ ids, mask, segments, past, rows, rowsOnly }: CausalInputs, window?: number): Node => {
  const [batch, seq] = ids.shape as readonly [Axis, Axis];
  return causalBias({ batch, seq, mask, segments, past: past?.mask, window, rows: rowsOnly ? rows : undefined });
};

/** [batch, queries, keys] bool → [batch, 1, queries, keys] float32 */
const bias = (visible: Node): Node => unsqueeze(mul(sub(cast(visible, 'float32'), 1), masked), 1);
