import { concat, constant, expand, matmul, mul, type Node, parameter, reshape, ShapeError, slice, softmax, transpose, unsqueeze } from '../../core/index.ts';
import { type Dropout, drop } from '../dropout.ts';
import type { LinearAt } from './beside-linear.ts';
import { narrowed } from './narrowed.ts';

export interface ExpertBranch {
  readonly experts: number;
  /** Of each expert. */
  readonly rank: number;
  /** The branch is scaled by alpha / rank. */
  readonly alpha: number;
  /** All experts read through one A. */
  readonly sharedA?: boolean;
  /** Training only: drops what enters A; what enters the router is never dropped. `masks`: every expert has a mask of its own, or all share one, which costs a pass less. */
  readonly dropout?: (Dropout & { readonly masks: 'expert' | 'shared' }) | undefined;
  /** What the router's scores [..., experts] mean. Default: softmax over all. */
  readonly gate?: (scores: Node) => Gate;
}

/** Both [..., experts]. */
export interface Gate {
  /** What the router gave each expert; they add up to 1. */
  readonly shares: Node;
  /** What each expert's result is multiplied by; where only some are taken it is not the same. */
  readonly weights: Node;
}

const all = (scores: Node): Gate => {
  const shares = softmax(scores);
  return { shares, weights: shares };
};

/**
 * Low-rank experts beside a linear, mixed token by token: (alpha / rank) · Σ_n g_n B_n A_n x, g = softmax(x Wgᵀ). Parameters `SITE.KIND.a` [experts · rank, in] ([rank, in] where shared), `SITE.KIND.b`
 * [out, experts · rank] and `SITE.KIND.route` [experts, in]: one product for all A, one for all B, as many kernels for eight experts as for two.
 *
 * @returns  `branch` [..., out], and `shares` [..., experts] that add up to 1
 * @throws ShapeError for numbers of experts or ranks that are no whole numbers above 0
 * Source: arXiv:2312.09979; shared A: arXiv:2404.19245.
 */
export const expertBranch = (
  kind: string,
  { site, x, inner, out }: LinearAt,
  { experts, rank, alpha, sharedA = false, dropout, gate = all }: ExpertBranch,
): { branch: Node; shares: Node } => {
  for (const [name, value] of Object.entries({ experts, rank }))
    if (!Number.isInteger(value) || value < 1) throw new ShapeError(`${kind}: expected at least 1 of ${name}, got ${value}`);
  const a = parameter(`${site}.${kind}.a`, [sharedA ? rank : experts * rank, inner]);
  const b = parameter(`${site}.${kind}.b`, [out, experts * rank]);
  const route = parameter(`${site}.${kind}.route`, [experts, inner]);
  const drops = dropout && dropout.rate > 0;
  const apart = drops && dropout.masks === 'expert' && experts > 1;
  const [narrow, scores] = drops
    ? [
        apart
          ? apartBy(drop(`${site}.${kind}`, expand(unsqueeze(x, 0), [experts, ...x.shape]), dropout), a, { experts, rank, inner, sharedA })
          : narrowed(`${site}.${kind}`, x, a, dropout),
        matmul(x, route, { transposeB: true }),
      ]
    : bothOf(x, a, route);
  const { shares, weights } = gate(scores);
  // A share for each of an expert's values by a product with zeros and ones: it takes fewer kernels than an axis to broadcast over, and its gradient is a product too, not a sum over few values.
  const spread = matmul(
    weights,
    places(experts, experts * rank, (column) => Math.floor(column / rank)),
  );
  const each =
    sharedA && !apart
      ? matmul(
          narrow,
          places(rank, experts * rank, (column) => column % rank),
        )
      : narrow; // [..., experts · rank]
  return { branch: matmul(mul(each, spread), b, { transposeB: true, scale: alpha / rank }), shares };
};

/** x Aᵀ and x Wgᵀ: one product there, and one back to x, where nothing is dropped between them. */
const bothOf = (x: Node, a: Node, route: Node): readonly [Node, Node] => {
  const [width, experts] = [a.shape[0] as number, route.shape[0] as number];
  const both = matmul(x, concat([a, route], 0), { transposeB: true });
  return [slice(both, -1, 0, width), slice(both, -1, width, width + experts)];
};

/** [rows, columns] of zeros with a one in every column, in the row that is told. */
const places = (rows: number, columns: number, rowOf: (column: number) => number): Node => {
  const values = Array.from({ length: rows * columns }, (_, i) => Number(rowOf(i % columns) === Math.floor(i / columns)));
  return constant(values, [rows, columns]);
};

/** What every expert's A makes of an input of its own. @param x [experts, ..., in] @returns [..., experts · rank] */
const apartBy = (x: Node, a: Node, { experts, rank, inner, sharedA }: { experts: number; rank: number; inner: number; sharedA: boolean }): Node => {
  const between = x.shape.length - 2;
  const own = sharedA ? a : reshape(a, [experts, ...Array.from({ length: between - 1 }, () => 1), rank, inner]);
  const narrow = matmul(x, own, { transposeB: true }); // [experts, ..., rank]
  const beside = transpose(narrow, [...Array.from({ length: between }, (_, i) => i + 1), 0, between + 1]);
  return reshape(beside, [...beside.shape.slice(0, -2), experts * rank]);
};
