import { add, cast, matmul, mul, type Node, named, reshape, ShapeError, softmax, sub, transpose, unsqueeze } from '../core/index.ts';
import { type Dropout, drop } from './dropout.ts';
import { dense, lastLength } from './linear.ts';

/** Added to the score of a masked key: large enough that its weight underflows to 0, small enough that sums stay finite. */
export const masked = 1e30;

/**
 * Additive attention bias from a padding mask: 0 where a key may be seen, -1e30 where not.
 *
 * @param mask  [batch, kvSeq] bool
 * @returns     [batch, 1, 1, kvSeq] float32
 */
export const paddingBias = (mask: Node): Node => unsqueeze(unsqueeze(mul(sub(cast(mask, 'float32'), 1), masked), 1), 1);

/**
 * Multi-head attention. Sites under `SITE.`: q, k, v, scores, pattern, z, out; parameters are those of the four linears.
 *
 * @param x     [batch, seq, hidden], queries (and keys and values unless `from` is given)
 * @param bias  broadcasts to [batch, heads, seq, kvSeq]: see `paddingBias`
 * @param from  [batch, kvSeq, hidden], where keys and values come from
 * @returns     [batch, seq, hidden]
 */
export const attention = (
  site: string,
  x: Node,
  { heads, bias, from = x, dropout }: { heads: number; bias?: Node; from?: Node; dropout?: Dropout | undefined },
): Node => {
  const hidden = lastLength(site, x);
  if (hidden % heads !== 0) throw new ShapeError(`${site}: expected a hidden axis that ${heads} heads divide, got ${hidden}`);
  const headDim = hidden / heads;
  const split = (y: Node): Node => transpose(reshape(y, [y.shape[0]!, y.shape[1]!, heads, headDim]), [0, 2, 1, 3]); // [batch, heads, seq, headDim]
  const q = dense(`${site}.q`, x, hidden);
  const k = dense(`${site}.k`, from, hidden);
  const v = dense(`${site}.v`, from, hidden);
  const products = matmul(split(q), split(k), { transposeB: true, scale: 1 / Math.sqrt(headDim) });
  const scores = named(`${site}.scores`, bias ? add(products, bias) : products);
  const pattern = named(`${site}.pattern`, softmax(scores));
  const mixed = matmul(drop(`${site}.pattern`, pattern, dropout), split(v)); // [batch, heads, seq, headDim]
  const z = named(`${site}.z`, reshape(transpose(mixed, [0, 2, 1, 3]), [x.shape[0]!, x.shape[1]!, hidden]));
  return dense(`${site}.out`, z, hidden);
};
