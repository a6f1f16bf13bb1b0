import {
  type Axis,
  add,
  addAxes,
  cast,
  concat,
  cumsum,
  expand,
  greater,
  iota,
  lessOrEqual,
  logicalAnd,
  matmul,
  mul,
  multiplyAxes,
  type Node,
  named,
  reshape,
  ShapeError,
  slice,
  softmax,
  sub,
  transpose,
  unsqueeze,
} from '../core/index.ts';
import { masked } from './attention.ts';
import { dense } from './linear.ts';

export interface CausalBiasOptions {
  /** Axes of the new tokens. */
  readonly batch: Axis;
  readonly seq: Axis;
  /** [batch, seq] bool: true where there is a token; without it, everywhere. */
  readonly mask?: Node | undefined;
  /** [batch, kvSeq] bool: which slots of the cache hold a token; earlier slots hold earlier tokens. */
  readonly past?: Node | undefined;
  /** A token sees itself and the window − 1 tokens before it; without it, all before it. Slots without a token do not count. */
  readonly window?: number | undefined;
}

/**
 * Additive bias of causal attention: 0 where a query may see a key, -1e30 where not: later tokens, tokens outside the window, and what is no token.
 *
 * @returns  [batch or 1, 1, seq, kvSeq + seq] float32, keys of the cache first
 */
export const causalBias = ({ batch, seq, mask, past, window }: CausalBiasOptions): Node => {
  const rows = unsqueeze(iota(seq), 1);
  let among = unsqueeze(lessOrEqual(unsqueeze(iota(seq), 0), rows), 0); // [1, seq, seq]
  if (mask) among = logicalAnd(among, unsqueeze(mask, 1));
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

export interface CausalAttentionOptions {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** See `causalBias`. */
  readonly bias: Node;
  /** Factor on the products of queries and keys. Default: 1 / √headDim. */
  readonly scale?: number | undefined;
  /** Turns queries and keys [batch, heads, seq, headDim] by their positions: see `rotary`. */
  readonly rotate?: ((x: Node) => Node) | undefined;
  /** Norm of queries and keys, head by head [batch, seq, heads, headDim], before they are turned; parameters go by `name`. */
  readonly normalise?: ((name: string, x: Node) => Node) | undefined;
  /** Which of the linears have a bias. Default: none. */
  readonly biases?: { readonly qkv?: boolean; readonly out?: boolean } | undefined;
  /** The cache, both [batch, kvHeads, kvSeq, headDim]; it is read only. */
  readonly past?: { readonly keys: Node; readonly values: Node } | undefined;
}

/**
 * Attention of new tokens to themselves and to those in a cache. `kvHeads` heads of keys and values each serve heads / kvHeads heads of queries, which are laid one after another, so that keys
 * and values are never repeated. Sites under `SITE.`: q, k, v, qTurned, kTurned, scores, pattern, z, out.
 *
 * @param x  [batch, seq, hidden]
 * @returns  `out` [batch, seq, hidden]; `keys` (turned) and `values` of the new tokens, [batch, kvHeads, seq, headDim]: what a cache keeps
 * Source: arXiv:2305.13245.
 */
export const causalAttention = (
  site: string,
  x: Node,
  { heads, kvHeads, headDim, bias, scale = headDim ** -0.5, rotate, normalise, biases = {}, past }: CausalAttentionOptions,
): { out: Node; keys: Node; values: Node } => {
  if (heads % kvHeads !== 0) throw new ShapeError(`${site}: expected heads that ${kvHeads} heads of keys divide, got ${heads}`);
  const [batch, seq, hidden] = x.shape as readonly [Axis, Axis, number];
  const part = (name: 'q' | 'k' | 'v', count: number): Node =>
    reshape(dense(`${site}.${name}`, x, count * headDim, { bias: biases.qkv ?? false }), [batch, seq, count, headDim]);
  const turned = (name: 'q' | 'k', count: number): Node => {
    const normal = normalise ? normalise(`${site}.${name}Norm`, part(name, count)) : part(name, count);
    const apart = transpose(normal, [0, 2, 1, 3]);
    return rotate ? named(`${site}.${name}Turned`, rotate(apart)) : apart;
  };
  const queries = reshape(turned('q', heads), [batch, kvHeads, multiplyAxes(heads / kvHeads, seq), headDim]);
  const keys = turned('k', kvHeads); // [batch, kvHeads, seq, headDim]
  const values = transpose(part('v', kvHeads), [0, 2, 1, 3]);
  const product = (of: Node): Node => matmul(queries, of, { transposeB: true, scale }); // [batch, kvHeads, group*seq, keys]
  const products = past ? concat([product(past.keys), product(keys)], -1) : product(keys);
  const all = products.shape.at(-1)!;
  const scores = named(`${site}.scores`, add(reshape(products, [batch, heads, seq, all]), bias));
  const pattern = named(`${site}.pattern`, softmax(scores));
  const weights = reshape(pattern, products.shape);
  const mixed = past ? add(mix(weights, 0, past.values), mix(weights, past.values.shape[2]!, values)) : matmul(weights, values);
  const apart = reshape(mixed, [batch, heads, seq, headDim]);
  const z = named(`${site}.z`, reshape(transpose(apart, [0, 2, 1, 3]), [batch, seq, heads * headDim]));
  return { out: dense(`${site}.out`, z, hidden, { bias: biases.out ?? false }), keys, values };
};

/** Values mixed by the weights from `start` on. */
const mix = (weights: Node, start: Axis, values: Node): Node => matmul(slice(weights, -1, start, addAxes(start, values.shape[2]!)), values);
