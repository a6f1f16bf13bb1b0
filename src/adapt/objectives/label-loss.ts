import {
  cast,
  crossEntropy,
  greater,
  greaterOrEqual,
  input,
  max,
  mul,
  type Node,
  ShapeError,
  scaleAxis,
  squeeze,
  sum,
  takeAlong,
  unsqueeze,
} from '../../core/index.ts';
import { type RowOptions, rowCosts } from './row-costs.ts';

/** Rows whose next token is a label. */
export interface LabelRows {
  /** [rows, hidden]: what the head reads. */
  readonly hidden: Node;
  /** [rows] int64: the next tokens. */
  readonly labels: Node;
  /** [rows] float32: what each counts; 0 for a row that only fills a block. */
  readonly weights: Node;
}

export interface LabelLoss {
  /** Scalar, in nats. */
  readonly loss: Node;
  /** Scalar: in how many rows that count something no token is likelier than the label. */
  readonly right: Node;
  /** [rows]: what each costs, whatever it counts. */
  readonly costs: Node;
}

/**
 * Inputs `rows`, `labels` [rows] int64 and `weights` [rows] float32 whose axis is `chunks` times `part`: fed as vectors, as long as a multiple of `chunks`.
 */
export const labelInputs = (chunks = 1): { readonly rows: Node; readonly labels: Node; readonly weights: Node } => {
  const axis = [scaleAxis('part', chunks)];
  return { rows: input('rows', axis, 'int64'), labels: input('labels', axis, 'int64'), weights: input('weights', axis) };
};

/** Σ weight · cross-entropy of the next token, and how often it is right; see `rowCosts`. @throws ShapeError where hidden rows, labels and weights differ in length */
export const labelLoss = ({ hidden, labels, weights }: LabelRows, options: RowOptions): LabelLoss => {
  if (weights.shape.length !== 1 || weights.shape[0] !== hidden.shape[0])
    throw new ShapeError(`labelLoss: expected weights [${hidden.shape[0]}], one for each hidden row, got [${weights.shape.join(', ')}]; see labelInputs`);
  const { costs, right } = labelCosts({ hidden, labels }, options);
  return { costs, loss: sum(mul(costs, weights), [0]), right: sum(mul(right, cast(greater(weights, 0), right.dtype)), [0]) };
};

/** Of every row, what its label costs in nats, −log p, and 1 where no token is likelier, else 0; both [rows]. */
export const labelCosts = ({ hidden, labels }: Pick<LabelRows, 'hidden' | 'labels'>, options: RowOptions): { readonly costs: Node; readonly right: Node } => {
  const { costs, told } = rowCosts('labels', hidden, [labels], options, (logits, [label]) => {
    const best = greaterOrEqual(takeAlong(logits, unsqueeze(label!, 1), 1), max(logits, 1, { keepDims: true }));
    return { cost: crossEntropy(logits, label!), told: cast(squeeze(best, 1), logits.dtype) };
  });
  return { costs, right: told! };
};
