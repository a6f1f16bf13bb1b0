import { type Axis, gather, multiplyAxes, type Node, named, reshape, ShapeError, transpose } from '../core/index.ts';
import { attendInParts, attendTo, type CausalPast, inTextOrder } from './attend-to.ts';
import { groupedAttention } from './grouped-attention.ts';
import { dense } from './linear.ts';

export interface CausalAttentionOptions {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** See `causalBias`; with `rows`, of those. */
  readonly bias: Node;
  /** Factor on the products of queries and keys. Default: 1 / √headDim. */
  readonly scale?: number | undefined;
  /** Turns queries and keys [batch, heads, seq, headDim] or [batch, seq, heads*headDim] by their positions: see `rotary`. */
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
  /** [rows] int64, where `past` has counts: places of one text whose attention is asked for; keys and values are of all. `out` is [1, rows, hidden] then. Default: all. */
  readonly rows?: Node | undefined;
}

/** The places of [1, seq, …] that are asked for: [1, rows, …]; all without `rows`. */
export const atRows = (x: Node, rows: Node | undefined): Node => (rows ? gather(x, rows, 1) : x);

/**
 * Attention of new tokens to themselves and to those in a cache. `kvHeads` heads of keys and values each serve heads / kvHeads heads of queries, which are laid one after another, so that keys
 * and values are never repeated. Sites under `SITE.`: q, k, v, qTurned, kTurned, scores, pattern, z, out; where `past` has counts it is one operator, without scores and pattern, and heads are turned where they lie, side by side; in `parts` these two are missing too.
 *
 * @param x  [batch, seq, hidden]
 * @returns  `out` [batch, seq, hidden]; `keys` (turned) and `values` of the new tokens, [batch, kvHeads, seq, headDim]: what a cache keeps
 * Source: arXiv:2305.13245.
 */
export const causalAttention = (
  site: string,
  x: Node,
  { heads, kvHeads, headDim, bias, scale = headDim ** -0.5, rotate, normalise, biases = {}, window, past, parts = 1, rows }: CausalAttentionOptions,
): { out: Node; keys: Node; values: Node } => {
  if (heads % kvHeads !== 0) throw new ShapeError(`${site}: expected heads that ${kvHeads} heads of keys divide, got ${heads}`);
  const [batch, , hidden] = x.shape as readonly [Axis, Axis, number];
  const part = (name: 'q' | 'k' | 'v', count: number): Node => dense(`${site}.${name}`, x, count * headDim, { bias: biases.qkv ?? false }); // [batch, seq, count*headDim]
  const withHeads = (x: Node): Node => reshape(x, [batch, x.shape[1]!, (x.shape[2] as number) / headDim, headDim]);
  const apart = (x: Node): Node => transpose(withHeads(x), [0, 2, 1, 3]); // [batch, heads, seq, headDim]
  const beside = (x: Node): Node => reshape(transpose(x, [0, 2, 1, 3]), [batch, x.shape[2]!, multiplyAxes(x.shape[1]!, headDim)]); // and back
  const turned = (name: 'q' | 'k', count: number, lay: (x: Node) => Node): Node => {
    const fresh = part(name, count);
    const laid = lay(normalise ? reshape(normalise(`${site}.${name}Norm`, withHeads(fresh)), fresh.shape) : fresh);
    return rotate ? named(`${site}.${name}Turned`, rotate(laid)) : laid;
  };
  const known = (z: Node): Node => dense(`${site}.out`, named(`${site}.z`, z), hidden, { bias: biases.out ?? false });
  const { counts, inPlace } = past ?? {};
  if (past && counts) {
    const side = (x: Node): Node => x;
    const [q, k, v] = [turned('q', heads, side), turned('k', kvHeads, side), part('v', kvHeads)];
    const [keys, values] = [apart(k), apart(v)];
    const asked = rows && { queries: apart(atRows(q, rows)), scale };
    const seen = rows && { keys, values, bias };
    const z = asked
      ? beside(attendTo(inPlace ? { ...asked, ...inTextOrder(seen!, { ...past, counts }), past: undefined } : { ...asked, ...seen!, past }))
      : groupedAttention(q, k, v, { ...past, counts }, { heads, kvHeads, scale, window, parts, inPlace });
    return { out: known(z), keys, values };
  }
  const [queries, keys, values] = [turned('q', heads, apart), turned('k', kvHeads, apart), apart(part('v', kvHeads))];
  const z = parts === 1 ? attendTo({ queries, keys, values, past, bias, scale, site }) : attendInParts({ queries, keys, values, bias, scale, parts });
  return { out: known(beside(z)), keys, values };
};
