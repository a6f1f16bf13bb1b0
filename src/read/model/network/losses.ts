import {
  cast,
  concat,
  constant,
  equal,
  gather,
  greater,
  logicalAnd,
  matmul,
  mul,
  type Node,
  pad,
  reshape,
  sum,
  unsqueeze,
  where,
} from '../../../core/index.ts';
import { marginalLogLikelihood, softmaxCrossEntropy } from '../../../nn/index.ts';
import { withNull } from './span-scores.ts';

const ignore = -1;

/**
 * Σ −log P(type) over all spans, pruned or not.
 *
 * @param entity  [cells, 6] scores
 * @param labels  [cells] int64: 0 null, 1 … 6 the types, −1 a cell that is no span
 */
export const entityLoss = (entity: Node, labels: Node): Node => sum(softmaxCrossEntropy(withNull(entity), labels, { ignore }), [0]);

export interface GoldRelations {
  /** [gold] int64 cells; −1 where a batch has no relation and the list would be empty. */
  readonly subjects: Node;
  readonly objects: Node;
  /** [gold] float32 labels, 1 … 7. No pair is listed twice. */
  readonly labels: Node;
}

/**
 * Σ −log P(label) over all ordered pairs of the beam, a span with itself included. A gold relation whose argument was pruned is lost, as in SciIE.
 *
 * @param scores     [relationTiles · 16, 7]
 * @param cells      [slots] int64 cells of the beam
 * @param tileMask   [relationTiles, 4, 4] bool: pairs within the beam
 */
export const relationLoss = (scores: Node, cells: Node, tiles: { subjects: Node; objects: Node; mask: Node }, gold: GoldRelations): Node => {
  const found = (which: Node) => cast(equal(unsqueeze(cells, 1), unsqueeze(which, 0)), 'float32'); // [slots, gold]
  const subjects = gather(mul(found(gold.subjects), gold.labels), tiles.subjects); // [tiles, 4, gold]
  const objects = gather(found(gold.objects), tiles.objects);
  const labels = cast(matmul(subjects, objects, { transposeB: true }), 'int64'); // [tiles, 4, 4]
  const masked = where(tiles.mask, labels, constant(ignore, [], 'int64'));
  return sum(softmaxCrossEntropy(withNull(scores), reshape(masked, [scores.shape[0]!]), { ignore }), [0]);
};

export interface AntecedentInputs {
  /** [slots, candidates] int64: position of the pair's score in the flattened tiles. */
  readonly pairs: Node;
  /** [slots, candidates] int64: the antecedent's slot. */
  readonly slots: Node;
  /** [slots, candidates] bool. */
  readonly mask: Node;
}

/**
 * Σ −log Σ P(right antecedent): marginal over the antecedents of the same cluster, the null antecedent (score 0) being right where there is none.
 *
 * @param scores    [corefTiles · 16]
 * @param clusters  [slots] int64, 0 for a span of no cluster, ids unique in the batch
 */
export const coreferenceLoss = (scores: Node, clusters: Node, { pairs, slots, mask }: AntecedentInputs): Node => {
  const own = unsqueeze(clusters, 1);
  const none = constant(0, [], 'int64');
  const right = logicalAnd(mask, logicalAnd(equal(own, gather(clusters, slots)), greater(own, none)));
  const count = sum(cast(right, 'float32'), [1], { keepDims: true });
  const nullRight = equal(count, constant(0));
  const always = equal(own, own);
  const gold = concat([nullRight, right], 1);
  const all = concat([always, mask], 1);
  return sum(marginalLogLikelihood(pad(gather(scores, pairs), 1, 1, 0), gold, { mask: all }), [0]);
};
