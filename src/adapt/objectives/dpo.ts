import {
  type Axis,
  add,
  cast,
  constant,
  crossEntropy,
  expand,
  greater,
  input,
  mul,
  type Node,
  ShapeError,
  sameShape,
  scaleAxis,
  slice,
  squeeze,
  sub,
  sum,
} from '../../core/index.ts';

/** Log-probabilities of two answers to each prompt: column 0 the chosen one, column 1 the rejected one. */
export interface PreferencePairs {
  /** [pairs, 2]: summed log-probabilities under the model in training. */
  readonly policy: Node;
  /** [pairs, 2]: the same under the model it began as, computed before. */
  readonly reference: Node;
  /** [pairs]: what each pair counts; they add up to 1 over a step, 0 for a pair that only fills a place. */
  readonly weights: Node;
}

export interface DpoOptions {
  /** How dear it is to leave the reference: a reward is β times the log-ratio of the two models. Default 0.1. */
  readonly beta?: number;
  /** Share of the pairs whose two answers are taken to be the wrong way round, in [0, 0.5). Default 0. */
  readonly labelSmoothing?: number;
}

export interface DpoLoss {
  /** Scalar. */
  readonly loss: Node;
  /** Scalars weighted as the loss is: `accuracy`, how often the chosen answer has the higher reward; `margin` between the two; `chosen` and `rejected`, the rewards. */
  readonly metrics: Readonly<Record<'accuracy' | 'margin' | 'chosen' | 'rejected', Node>>;
}

/**
 * Inputs `sampleOf` [rows] int64, the answer a row belongs to: 2 · pair for the chosen one, 2 · pair + 1 for the rejected, −1 for none; `reference` [pairs, 2] and `pairWeights` [pairs] float32. The axis of the rows is that of
 * `labelInputs(chunks)`; `pairLogProbs` is the policy.
 */
export const preferenceInputs = (chunks = 1): { readonly sampleOf: Node; readonly reference: Node; readonly pairWeights: Node } => ({
  sampleOf: input('sampleOf', [scaleAxis('part', chunks)], 'int64'),
  reference: input('reference', ['pairs', 2]),
  pairWeights: input('pairWeights', ['pairs']),
});

/**
 * Direct preference optimisation: −log σ of the difference of the rewards, which is the cross-entropy of choosing the chosen answer by a softmax over both.
 *
 * Where the model is its reference the loss is ln 2, and the gradient −β/2 · (∇ log π(chosen) − ∇ log π(rejected)) times 1 − 2 · labelSmoothing.
 *
 * @throws ShapeError where pairs do not match
 * Source: arXiv:2305.18290. With label smoothing it is what that loss is on average over pairs of which that share is swapped.
 */
export const dpo = ({ policy, reference, weights }: PreferencePairs, { beta = 0.1, labelSmoothing = 0 }: DpoOptions = {}): DpoLoss => {
  const pairs = policy.shape[0] as Axis;
  if (!sameShape(policy.shape, [pairs, 2]) || !sameShape(reference.shape, policy.shape) || !sameShape(weights.shape, [pairs]))
    throw new ShapeError(
      `dpo: expected policy and reference [pairs, 2] and weights [pairs], got ${[policy, reference, weights].map(({ shape }) => `[${shape.join(', ')}]`).join(', ')}; put the chosen answer first`,
    );
  const rewards = mul(sub(policy, reference), beta);
  const costOf = (winner: number): Node => crossEntropy(rewards, expand(constant(winner, [], 'int64'), [pairs]));
  const costs = labelSmoothing === 0 ? costOf(0) : add(mul(costOf(0), 1 - labelSmoothing), mul(costOf(1), labelSmoothing));
  const weighted = (x: Node): Node => sum(mul(x, weights), [0]);
  const [chosen, rejected] = [0, 1].map((side) => squeeze(slice(rewards, 1, side, side + 1), 1)) as [Node, Node];
  return {
    loss: weighted(costs),
    metrics: {
      accuracy: weighted(cast(greater(chosen, rejected), rewards.dtype)),
      margin: weighted(sub(chosen, rejected)),
      chosen: weighted(chosen),
      rejected: weighted(rejected),
    },
  };
};
