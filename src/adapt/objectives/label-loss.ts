import {
  type Axis,
  add,
  addAxes,
  cast,
  concat,
  constant,
  crossEntropy,
  divideAxis,
  expand,
  gradients,
  greater,
  greaterOrEqual,
  input,
  logicalAnd,
  max,
  mul,
  type Node,
  recomputeIn,
  ShapeError,
  scaleAxis,
  slice,
  squeeze,
  stopGradient,
  sub,
  sum,
  takeAlong,
  unsqueeze,
} from '../../core/index.ts';

/** Rows whose next token is a label. */
export interface LabelRows {
  /** [rows, hidden]: what the head reads. */
  readonly hidden: Node;
  /** [rows] int64: the next tokens. */
  readonly labels: Node;
  /** [rows] float32: what each counts; 0 for a row that only fills a block. */
  readonly weights: Node;
}

export interface LabelLossOptions {
  /** Hidden rows [part, hidden] to logits [part, vocab]; called once for every chunk. */
  readonly head: (hidden: Node) => Node;
  /** How many parts the rows are cut into, whose logits are never alive together; their axis is a multiple of it, see `labelInputs`. Default 1. */
  readonly chunks?: number;
}

export interface LabelLoss {
  /** Scalar, in nats. */
  readonly loss: Node;
  /** Scalar: in how many rows that count something no token is likelier than the label. */
  readonly right: Node;
}

/**
 * Inputs `rows`, `labels` [rows] int64 and `weights` [rows] float32 whose axis is `chunks` times `part`: fed as vectors, as long as a multiple of `chunks`.
 */
export const labelInputs = (chunks = 1): { readonly rows: Node; readonly labels: Node; readonly weights: Node } => {
  const axis = [scaleAxis('part', chunks)];
  return { rows: input('rows', axis, 'int64'), labels: input('labels', axis, 'int64'), weights: input('weights', axis) };
};

/**
 * Σ weight · cross-entropy of the next token, with logits alive for one chunk of rows at a time.
 *
 * What the loss is to the hidden rows is known as soon as a chunk's logits are: its gradient is computed there and then and only scaled in the backward pass, so a frozen head costs two products, not the three of
 * recomputing it. What is trained in the head itself has its gradient from logits computed again. First derivatives only.
 *
 * @throws ShapeError where the rows do not divide into chunks, or hidden rows, labels and weights differ in length
 */
export const labelLoss = ({ hidden, labels, weights }: LabelRows, { head, chunks = 1 }: LabelLossOptions): LabelLoss => {
  const [rows] = hidden.shape as readonly [Axis];
  if (hidden.shape.length !== 2 || [labels, weights].some(({ shape }) => shape.length !== 1 || shape[0] !== rows))
    throw new ShapeError(
      `labelLoss: expected hidden [rows, hidden], labels [rows] and weights [rows], got ${[hidden, labels, weights].map(({ shape }) => `[${shape.join(', ')}]`).join(', ')}; see labelInputs`,
    );
  const part = divideAxis(rows, chunks);
  const totals = Array.from({ length: chunks }, (_, chunk) => {
    const [from, to] = [scaleAxis(part, chunk), addAxes(scaleAxis(part, chunk), part)];
    const [own, label, weight] = [hidden, labels, weights].map((x) => slice(x, 0, from, to)) as [Node, Node, Node];
    const { cost, right } = costs(`labels.${chunk}`, own, label, head);
    const counts = cast(logicalAnd(right, greater(weight, 0)), weight.dtype);
    return sum(concat([unsqueeze(mul(cost, weight), 1), unsqueeze(counts, 1)], 1), [0]); // [2]: as one, so that neither waits for all chunks of the other
  }).reduce((a, b) => add(a, b));
  return { loss: squeeze(slice(totals, 0, 0, 1), 0), right: squeeze(slice(totals, 0, 1, 2), 0) };
};

/** Of some rows, what each label costs and whether nothing is likelier, [part]. */
const costs = (block: string, hidden: Node, labels: Node, head: (hidden: Node) => Node): { cost: Node; right: Node } => {
  const still = stopGradient(hidden);
  const logits = head(still);
  const plain = crossEntropy(logits, labels);
  const [slope] = gradients(plain, [still], expand(constant(1, [], plain.dtype), plain.shape)) as [Node];
  const best = greaterOrEqual(takeAlong(logits, unsqueeze(labels, 1), 1), max(logits, 1, { keepDims: true }));
  const [cost, known, right] = recomputeIn(block, [still], [plain, slope, squeeze(best, 1)]) as [Node, Node, Node];
  // Adds nothing, and has the gradient that the cost would have had; the sum waits for it, so it is not put off until all logits are there.
  const carried = sum(mul(sub(hidden, still), stopGradient(known)), [1]);
  return { cost: add(cost, carried), right };
};
