import { type Axis, add, addAxes, concat, divideAxis, matmul, multiplyAxes, type Node, named, reshape, scaleAxis, slice, softmax } from '../core/index.ts';

/** The cache of one layer; it is read only. */
export interface CausalPast {
  /** [batch, kvHeads, kvSeq, headDim] */
  readonly keys: Node;
  /** [batch, kvHeads, kvSeq, headDim] */
  readonly values: Node;
  /** See `Past`. */
  readonly counts?: Node | undefined;
}

/**
 * Attention from its parts; nothing of the cache is copied: scores against it and against the new keys stand side by side, and each mixes its own values.
 *
 * @returns  [batch, heads, seq, headDim]
 */
export const attendTo = ({
  queries,
  keys,
  values,
  past,
  bias,
  scale,
  site,
}: {
  readonly queries: Node;
  readonly keys: Node;
  readonly values: Node;
  readonly past: CausalPast | undefined;
  readonly bias: Node;
  readonly scale: number;
  readonly site?: string;
}): Node => {
  const [batch, heads, seq, headDim] = queries.shape as readonly [Axis, number, Axis, number];
  const kvHeads = keys.shape[1] as number;
  const known = (name: string, node: Node): Node => (site === undefined ? node : named(`${site}.${name}`, node));
  const rows = reshape(queries, [batch, kvHeads, multiplyAxes(heads / kvHeads, seq), headDim]);
  const product = (of: Node): Node => matmul(rows, of, { transposeB: true, scale }); // [batch, kvHeads, group*seq, keys]
  const products = past ? concat([product(past.keys), product(keys)], -1) : product(keys);
  const scores = known('scores', add(reshape(products, [batch, heads, seq, products.shape.at(-1)!]), bias));
  const weights = reshape(known('pattern', softmax(scores)), products.shape);
  const mixed = past ? add(mix(weights, 0, past.values), mix(weights, past.values.shape[2]!, values)) : matmul(weights, values);
  return reshape(mixed, queries.shape);
};

/** Values mixed by the weights from `start` on. */
const mix = (weights: Node, start: Axis, values: Node): Node => matmul(slice(weights, -1, start, addAxes(start, values.shape[2]!)), values);

/**
 * `attendTo` without a cache, the queries of one part of `seq` after another, each against the keys before the part's end: of the products of all pairs (parts + 1) / (2 · parts) are left.
 *
 * @throws ShapeError where `seq` is no multiple of `parts`
 */
export const attendInParts = ({
  queries,
  keys,
  values,
  bias,
  scale,
  parts,
}: Pick<Parameters<typeof attendTo>[0], 'queries' | 'keys' | 'values' | 'bias' | 'scale'> & { readonly parts: number }): Node => {
  const part = divideAxis(queries.shape[2]!, parts);
  return concat(
    Array.from({ length: parts }, (_, i) => {
      const [from, to] = [scaleAxis(part, i), scaleAxis(part, i + 1)];
      const seen = { keys: slice(keys, 2, 0, to), values: slice(values, 2, 0, to), bias: slice(slice(bias, 2, from, to), 3, 0, to) };
      return attendTo({ queries: slice(queries, 2, from, to), ...seen, past: undefined, scale });
    }),
    2,
  );
};
