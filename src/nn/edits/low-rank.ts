import { add, inOrder, isParameter, matmul, type Node, nameOf, parameter, ShapeError } from '../../core/index.ts';
import type { Dropout } from '../dropout.ts';
import { uniformStart } from '../start-values.ts';
import { besideLinears } from './beside-linear.ts';
import { narrowed } from './narrowed.ts';

export interface LowRankOptions {
  /** Which linears: a test on the site, `/attn\.(q|v)$/`. */
  readonly targets: RegExp;
  readonly rank: number;
  /** The branch is scaled by alpha / rank. */
  readonly alpha: number;
  /** Training only: drops what enters the branch. */
  readonly dropout?: Dropout | undefined;
}

/**
 * Adds a low-rank branch beside every target linear: y = W x + b + (alpha / rank) · B A x, with parameters `SITE.lora.a` [rank, in] and `SITE.lora.b` [out, rank]. The site stays on the sum; the
 * linear itself becomes `SITE.base`. With B = 0 the model computes what it did.
 *
 * @throws NotFoundError where no linear carries a matching site · ShapeError for a rank that is no whole number above 0
 * Source: arXiv:2106.09685.
 */
export const lowRank = (roots: readonly Node[], { targets, rank, alpha, dropout }: LowRankOptions): Node[] => {
  if (!Number.isInteger(rank) || rank < 1) throw new ShapeError(`lowRank: expected a rank of at least 1, got ${rank}`);
  return besideLinears('lowRank', roots, targets, ({ site, x, inner, out, base }) => {
    const a = parameter(`${site}.lora.a`, [rank, inner]);
    const b = parameter(`${site}.lora.b`, [out, rank]);
    const branch = matmul(narrowed(`${site}.lora`, x, a, dropout), b, { transposeB: true, scale: alpha / rank });
    return add(base, branch);
  });
};

/** Parameters of the branches below the roots, by name. */
export const lowRankParameters = (roots: readonly Node[]): Node[] => inOrder(roots).filter((node) => isParameter(node) && /\.lora\.[ab]$/.test(nameOf(node)));

/**
 * Values of a branch's parameter before training: A uniform within ±√(3 / in) (variance 1 / in), B zero. The same seed and name give the same values.
 *
 * @param node  one of `lowRankParameters`
 */
export const lowRankStart = (node: Node, seed: number): Float32Array => {
  const [rows, columns] = node.shape as readonly [number, number];
  return nameOf(node).endsWith('.b') ? new Float32Array(rows * columns) : uniformStart(nameOf(node), rows * columns, seed, Math.sqrt(3 / columns));
};

/**
 * W + (alpha / rank) · B A: the weight with which the linear alone computes what it did with its branch.
 *
 * @param weight  [out, in], left as it is
 * @param a       [rank, in]
 * @param b       [out, rank]
 */
export const mergeLowRank = (weight: Float32Array, a: Float32Array, b: Float32Array, { rank, alpha }: { rank: number; alpha: number }): Float32Array => {
  const inner = a.length / rank;
  const out = b.length / rank;
  if (weight.length !== inner * out)
    throw new ShapeError(`mergeLowRank: expected a weight of ${out} × ${inner} values, got ${weight.length}; the branch is of another linear`);
  const merged = weight.slice();
  for (let o = 0; o < out; o++)
    for (let i = 0; i < inner; i++) {
      let sum = 0;
      for (let r = 0; r < rank; r++) sum += b[o * rank + r]! * a[r * inner + i]!;
      merged[o * inner + i] = weight[o * inner + i]! + (alpha / rank) * sum;
    }
  return merged;
};
