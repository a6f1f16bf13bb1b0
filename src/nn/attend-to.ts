import {
  type Axis,
  add,
  addAxes,
  axisLength,
  concat,
  constant,
  divideAxis,
  gather,
  iota,
  less,
  matmul,
  multiplyAxes,
  type Node,
  named,
  reshape,
  scaleAxis,
  slice,
  softmax,
  sub,
  sum,
  where,
} from '../core/index.ts';
import { masked } from './attention.ts';

/** The cache of one layer; it is read only. */
export interface CausalPast {
  /** [batch, kvHeads, kvSeq, headDim] */
  readonly keys: Node;
  /** [batch, kvHeads, kvSeq, headDim] */
  readonly values: Node;
  /** See `Past`. */
  readonly counts?: Node | undefined;
  /** See `GroupedAttention`. */
  readonly inPlace?: boolean | undefined;
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

interface Attended {
  /** [batch, kvHeads, seq, headDim] */
  readonly keys: Node;
  readonly values: Node;
  /** [batch or 1, 1, …, seq] */
  readonly bias: Node;
}

/**
 * Keys and values of one text as they follow one another, where its cache has room for the new ones: those that it holds, the new ones, and what counts for nothing. Sums over them do not depend on how many were cached.
 *
 * @param past  with counts
 * @returns     all of as many places as the cache has
 */
export const inTextOrder = ({ keys, values, bias }: Attended, past: CausalPast & { readonly counts: Node }): Attended => {
  const [room, seq] = [past.keys.shape[2]!, axisLength(keys.shape[2]!, 'int64')];
  const fresh = sub(iota(room), sum(past.counts, [0])); // of a place the number of its new token, below 0 where a cached one is
  const isThere = less(fresh, seq);
  const place = where(less(fresh, 0), iota(room), add(axisLength(room, 'int64'), where(isThere, fresh, constant(0, [], 'int64'))));
  const of = (cached: Node, added: Node): Node => gather(concat([cached, added], 2), place, 2);
  return { keys: of(past.keys, keys), values: of(past.values, values), bias: where(isThere, gather(bias, place, bias.shape.length - 1), constant(-masked)) };
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
