import { cast, matmul, mul, type Node, randomMask, recomputeIn } from '../../core/index.ts';
import { type Dropout, saltOf } from '../dropout.ts';

/**
 * x Aᵀ, with values of x dropped before. What is kept for the way back is x, which others need anyway, and the mask as bits: what entered the product is made again.
 *
 * @param x  [..., in]
 * @param a  [rank, in]
 */
export const narrowed = (site: string, x: Node, a: Node, dropout: Dropout | undefined): Node => {
  if (!dropout || dropout.rate === 0) return matmul(x, a, { transposeB: true });
  const { rate, key } = dropout;
  const mask = randomMask(key, saltOf(site), rate, x.shape);
  const out = matmul(mul(x, cast(mask, x.dtype)), a, { transposeB: true, scale: 1 / (1 - rate) });
  return recomputeIn(`${site}.dropped`, [x, mask, a], [out])[0]!;
};
