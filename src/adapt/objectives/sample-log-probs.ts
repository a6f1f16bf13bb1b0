import { type Axis, mul, type Node, neg, ShapeError, scatterAdd } from '../../core/index.ts';

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
