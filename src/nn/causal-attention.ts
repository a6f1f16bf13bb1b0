import { type Axis, multiplyAxes, type Node, named, reshape, ShapeError, transpose } from '../core/index.ts';
import { attendInParts, attendTo, type CausalPast } from './attend-to.ts';
import { groupedAttention } from './grouped-attention.ts';
import { dense } from './linear.ts';

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
  /** The window of `bias`, if it has one. */
  readonly window?: number | undefined;
  readonly past?: CausalPast | undefined;
  /** See `CausalInputs`. */
  readonly parts?: number | undefined;
}

/**
 * Attention of new tokens to themselves and to those in a cache. `kvHeads` heads of keys and values each serve heads / kvHeads heads of queries, which are laid one after another, so that keys
 * and values are never repeated. Sites under `SITE.`: q, k, v, qTurned, kTurned, scores, pattern, z, out; where `past` has counts it is one operator, without scores and pattern; in `parts` these two are missing too.
 *
 * @param x  [batch, seq, hidden]
 * @returns  `out` [batch, seq, hidden]; `keys` (turned) and `values` of the new tokens, [batch, kvHeads, seq, headDim]: what a cache keeps
 * Source: arXiv:2305.13245.
 */
export const causalAttention = (
  site: string,
  x: Node,
  { heads, kvHeads, headDim, bias, scale = headDim ** -0.5, rotate, normalise, biases = {}, window, past, parts = 1 }: CausalAttentionOptions,
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
  const queries = turned('q', heads); // [batch, heads, seq, headDim]
  const keys = turned('k', kvHeads); // [batch, kvHeads, seq, headDim]
  const fresh = part('v', kvHeads);
  const values = transpose(fresh, [0, 2, 1, 3]);
  const beside = (x: Node): Node => reshape(transpose(x, [0, 2, 1, 3]), [batch, seq, multiplyAxes(x.shape[1]!, headDim)]); // heads side by side
  const { counts } = past ?? {};
  const z = named(
    `${site}.z`,
    past && counts
      ? groupedAttention(beside(queries), beside(keys), reshape(fresh, [batch, seq, kvHeads * headDim]), { ...past, counts }, { heads, kvHeads, scale, window })
      : beside(parts === 1 ? attendTo({ queries, keys, values, past, bias, scale, site }) : attendInParts({ queries, keys, values, bias, scale, parts })),
  );
  return { out: dense(`${site}.out`, z, hidden, { bias: biases.out ?? false }), keys, values };
};
