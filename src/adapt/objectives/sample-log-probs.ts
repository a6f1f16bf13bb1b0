import { type Axis, cast, greaterOrEqual, mul, type Node, neg, reshape, ShapeError, scaleAxis, scatterAdd } from '../../core/index.ts';

/**
 * Log-probability of each sample's answer: the sum over its rows.
 *
 * @param costs  [rows]: −log p of each row's label, from `labelCosts`
 * @param sampleOf  [rows] int64 in [0, samples): which sample a row belongs to
 * @param counts  [rows] float: 1 for a row of an answer, 0 for one that only fills a block. 1 / length gives means.
 * @param samples  their number; a name needs an input that shows its length
 * @returns  [samples], in nats; 0 for a sample without rows
 * @throws ShapeError where the three differ in length
 */
export const sampleLogProbs = (costs: Node, sampleOf: Node, counts: Node, samples: Axis): Node => {
  const all = [costs, sampleOf, counts];
  if (all.some(({ shape }) => shape.length !== 1 || shape[0] !== costs.shape[0]))
    throw new ShapeError(
      `sampleLogProbs: expected three of [rows], got ${all.map(({ shape }) => `[${shape.join(', ')}]`).join(', ')}; give one value for each row`,
    );
  return scatterAdd(sampleOf, neg(mul(costs, counts)), samples);
};

/** Those of pairs of answers, [pairs, 2]: of sample 2 · pair and of 2 · pair + 1. Rows whose `sampleOf` is −1 belong to none. */
export const pairLogProbs = (costs: Node, sampleOf: Node): Node => {
  const ofPair = greaterOrEqual(sampleOf, 0);
  const samples = sampleLogProbs(costs, mul(sampleOf, cast(ofPair, sampleOf.dtype)), cast(ofPair, costs.dtype), scaleAxis('pairs', 2));
  return reshape(samples, ['pairs', 2]);
};
