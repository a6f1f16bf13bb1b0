import { add, concat, constant, gather, matmul, maximum, minimum, mul, multiplyAxes, type Node, parameter, relu, reshape, sub } from '../../../core/index.ts';
import { type Dropout, dense, drop } from '../../../nn/index.ts';
import { entityTypes, relationTypes } from '../labels.ts';
import type { ReaderConfig } from '../reader-config.ts';
import { between } from './between.ts';
import { roleOf, type SpanVectors } from './span-vectors.ts';
import { alongColumns, alongRows, tileSize } from './tiles.ts';

/** Distances beyond it count as it. */
export const reach = 11; // words; farther starts share the outermost bucket
export const distanceBuckets = 2 * reach + 1;

export interface RelationInputs {
  /** [relationTiles, 4] int64 slots: subjects along rows, objects along columns. */
  readonly subjects: Node;
  readonly objects: Node;
  /** The gaps of all pairs, each once, and [relationTiles, 4, 4] int64 which one is a pair's; without them every pair has one of its own. */
  readonly gaps?: Gaps & { readonly which: Node };
}

/** What lies between two spans. */
export interface Gaps {
  /** [gaps] int64 flat position of the first subword between, and of the one after the last. */
  readonly left: Node;
  readonly right: Node;
  /** [gaps] int64 words from the subject's first to the object's first. */
  readonly distance: Node;
}

/**
 * phi_mr(i) + phi_mr(j) + phi_r(i, j) for the pairs of the tiles; null scores 0. Beyond SciIE's product features a pair sees what stands between its spans, what the entity
 * scorer believes of both, and the signed distance of their first words; subject and object have projections of their own.
 *
 * @param hidden    [batch, seq, hidden]
 * @param beliefs   [slots, 7] probabilities
 * @param mentions  [slots] phi_mr
 * @returns         [relationTiles · 16, 7]
 */
export const relationScores = (
  hidden: Node,
  spans: SpanVectors,
  beliefs: Node,
  mentions: Node,
  { subjects, objects, gaps }: RelationInputs,
  config: ReaderConfig,
  dropout?: Dropout,
): Node => {
  const { ffn, projection, features } = config;
  const tiles = subjects.shape[0]!;
  const cells = multiplyAxes(tiles, tileSize * tileSize);
  const [subject, object] = [roleOf('relations.subject', spans, config), roleOf('relations.object', spans, config)];
  const first = (name: string, x: Node, width: number) => matmul(x, parameter(`relations.${name}.weight`, [ffn, width]), { transposeB: true });
  const believed = entityTypes.length + 1;

  const product = reshape(mul(alongRows(subject, subjects), alongColumns(object, objects)), [cells, projection]);
  // Tokens are projected before the maximum: the table of range maxima, and the gradient scattered back into it, have the width of the layer and not of the encoder.
  const [batch, seq, wide] = hidden.shape as [string, string, number];
  const projected = first('byContext', reshape(hidden, [multiplyAxes(batch, seq), wide]), wide);
  const gapsOf = ({ left, right, distance }: Gaps): Node => {
    const bucket = add(minimum(maximum(distance, constant(-reach, [], 'int64')), constant(reach, [], 'int64')), constant(reach, [], 'int64'));
    const byDistance = first('byDistance', parameter('relations.distance.weight', [distanceBuckets, features]), features); // [buckets, ffn]
    return add(between(projected, left, right), gather(byDistance, bucket));
  };
  const left = () => add(minimum(alongRows(spans.lastToken, subjects), alongColumns(spans.lastToken, objects)), constant(1, [], 'int64'));
  const right = () => maximum(alongRows(spans.firstToken, subjects), alongColumns(spans.firstToken, objects));
  const distance = () => sub(alongColumns(spans.firstWord, objects), alongRows(spans.firstWord, subjects));
  const flat = (x: Node) => reshape(x, [cells]);
  const apart = gaps ? gather(gapsOf(gaps), flat(gaps.which)) : gapsOf({ left: flat(left()), right: flat(right()), distance: flat(distance()) });

  const rows = add(first('bySubject', concat([subject, beliefs], 1), projection + believed), parameter('relations.up.bias', [ffn]));
  const columns = first('byObject', concat([object, beliefs], 1), projection + believed);
  const alone = reshape(add(alongRows(rows, subjects), alongColumns(columns, objects)), [cells, ffn]);
  const up = drop('relations.up', relu(add(alone, add(first('byProduct', product, projection), apart))), dropout);
  const inner = drop('relations.inner', relu(dense('relations.inner', up, ffn)), dropout);
  const both = reshape(add(alongRows(mentions, subjects), alongColumns(mentions, objects)), [cells, 1]);
  return add(dense('relations.out', inner, relationTypes.length), both);
};
