import { cast, constant, equal, logicalAnd, logSumExp, type Node, ShapeError, squeeze, sub, sum, takeAlong, unsqueeze, where } from '../core/index.ts';

const never = -1e30;

/**
 * Negative log-likelihood of a label under a softmax, cell by cell; cells that carry the label `ignore` cost nothing and have no gradient.
 *
 * @param logits  [..., labels] float
 * @param labels  [...] int64, each in [0, labels) or `ignore`
 * @returns       [...] in nats; sum or average it as the task says
 */
export const softmaxCrossEntropy = (logits: Node, labels: Node, { ignore }: { ignore?: number } = {}): Node => {
  if (labels.shape.length !== logits.shape.length - 1)
    throw new ShapeError(
      `softmaxCrossEntropy: expected labels of one axis less than the logits [${logits.shape.join(', ')}], got [${labels.shape.join(', ')}]`,
    );
  const last = logits.shape.length - 1;
  const ignored = ignore === undefined ? undefined : equal(labels, constant(ignore, [], labels.dtype));
  const safe = ignored ? where(ignored, constant(0, [], labels.dtype), labels) : labels;
  const loss = sub(logSumExp(logits, last), squeeze(takeAlong(logits, unsqueeze(safe, last), last), last));
  return ignored ? where(ignored, constant(0, [], loss.dtype), loss) : loss;
};

/**
 * -log Σ_gold softmax(scores): the cost of not putting the weight on any of the right candidates. A row without a gold candidate that exists costs nothing.
 *
 * @param scores  [..., candidates] float
 * @param gold    [..., candidates] bool
 * @param mask    [..., candidates] bool: which candidates exist (default all)
 * @returns       [...] in nats
 */
export const marginalLogLikelihood = (scores: Node, gold: Node, { mask }: { mask?: Node } = {}): Node => {
  const last = scores.shape.length - 1;
  const lowest = constant(never, [], scores.dtype);
  const all = mask ? where(mask, scores, lowest) : scores;
  const right = where(gold, all, lowest);
  const rows = sum(cast(mask ? logicalAnd(gold, mask) : gold, scores.dtype), [last]);
  const loss = sub(logSumExp(all, last), logSumExp(right, last));
  return where(equal(rows, constant(0, [], scores.dtype)), constant(0, [], scores.dtype), loss);
};
