import { add, edit, inOrder, isParameter, matmul, type Node, NotFoundError, named, nameOf, parameter, ShapeError } from '../../core/index.ts';
import { type Dropout, drop, saltOf } from '../dropout.ts';
import { linearOf } from './linear-of.ts';

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
  let found = 0;
  const edited = edit(roots, (node) => {
    const linear = node.site !== undefined && targets.test(node.site) ? linearOf(node) : undefined;
    if (!linear || node.site === undefined) return node;
    found++;
    const { site } = node;
    const a = parameter(`${site}.lora.a`, [rank, linear.inner]);
    const b = parameter(`${site}.lora.b`, [linear.out, rank]);
    const branch = matmul(matmul(drop(`${site}.lora`, linear.x, dropout), a, { transposeB: true }), b, { transposeB: true, scale: alpha / rank });
    return named(site, add({ ...node, site: `${site}.base` }, branch));
  });
  if (found === 0) throw new NotFoundError(`lowRank: expected linears at sites like ${targets}, got none; the sites are ${sitesOfLinears(roots)}`);
  return edited;
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
  const values = new Float32Array(rows * columns);
  if (nameOf(node).endsWith('.b')) return values;
  const bound = Math.sqrt(3 / columns);
  let state = (saltOf(nameOf(node)) ^ Math.imul(seed + 1, 0x9e3779b9)) >>> 0;
  for (let i = 0; i < values.length; i++) {
    state = (state + 0x9e3779b9) >>> 0;
    let hash = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    values[i] = (2 * (((hash ^ (hash >>> 16)) >>> 8) * 2 ** -24) - 1) * bound;
  }
  return values;
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

const sitesOfLinears = (roots: readonly Node[]): string => {
  const sites = inOrder(roots).flatMap((node) => (node.site !== undefined && linearOf(node) ? [node.site] : []));
  return sites.slice(0, 8).join(', ') + (sites.length > 8 ? ` and ${sites.length - 8} more` : '') || 'none at all';
};
