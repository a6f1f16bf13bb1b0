import {
  type Axis,
  add,
  addAxes,
  concat,
  constant,
  divideAxis,
  expand,
  gradients,
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
  unsqueeze,
} from '../../core/index.ts';

export interface RowOptions {
  /** Hidden rows [part, hidden] to logits [part, vocab]; called once for every chunk. */
  readonly head: (hidden: Node) => Node;
  /** How many parts the rows are cut into, whose logits are never alive together; their axis is a multiple of it, see `labelInputs`. Default 1. */
  readonly chunks?: number;
  /** Values only: one product a chunk, and no gradient of the hidden rows. Default false. */
  readonly forwardOnly?: boolean;
}

/** What some rows of logits cost. */
export interface LogitCost {
  /** [part] */
  readonly cost: Node;
  /** [part] of the same dtype: something told beside it, without gradient. */
  readonly told?: Node;
  /** [part, vocab], the gradient of the costs' sum with respect to the logits, where that takes fewer passes than the graph's own. */
  readonly slope?: Node;
}

/**
 * A cost of each row that is a function of its logits, with logits alive for one chunk of rows at a time.
 *
 * What a cost is to its hidden row is known as soon as the logits are: that gradient is computed there and then and only scaled in the backward pass, so a frozen head costs two products, not the three of computing its logits
 * again. What is trained in the head itself has its gradient from logits computed again. First derivatives only.
 *
 * @param hidden  [rows, hidden]
 * @param beside  [rows, ...]: what belongs to the rows, cut as they are; no gradient flows into it
 * @param costOf  from logits [part, vocab] and the parts of `beside`
 * @returns       both [rows]
 * @throws ShapeError where the rows do not divide into chunks, or something beside them has others
 */
export const rowCosts = (
  where: string,
  hidden: Node,
  beside: readonly Node[],
  { head, chunks = 1, forwardOnly = false }: RowOptions,
  costOf: (logits: Node, beside: readonly Node[]) => LogitCost,
): { readonly costs: Node; readonly told: Node | undefined } => {
  const [rows] = hidden.shape as readonly [Axis];
  const aligned = [hidden, ...beside];
  if (hidden.shape.length !== 2 || aligned.some(({ shape }) => shape[0] !== rows))
    throw new ShapeError(
      `${where}: expected hidden [rows, hidden] and what has the same rows, got ${aligned.map(({ shape }) => `[${shape.join(', ')}]`).join(', ')}; see labelInputs`,
    );
  const part = divideAxis(rows, chunks);
  const found = Array.from({ length: chunks }, (_, chunk) => {
    const from = scaleAxis(part, chunk);
    const [own, ...others] = aligned.map((x) => slice(x, 0, from, addAxes(from, part))) as [Node, ...Node[]];
    const still = stopGradient(own);
    const logits = head(still);
    const { cost, told, slope } = costOf(logits, others.map(stopGradient));
    if (forwardOnly) return columns(cost, told);
    const one = expand(constant(1, [], cost.dtype), cost.shape);
    const [known] = (slope ? gradients(logits, [still], slope) : gradients(cost, [still], one)) as [Node];
    const [kept, toHidden, seen] = recomputeIn(`${where}.${chunk}`, [still], [cost, known, ...(told ? [told] : [])]) as [Node, Node, Node?];
    // Adds nothing, and has the gradient that the cost would have had; the sum waits for it, so it is not put off until all logits are there.
    const carried = sum(mul(sub(own, still), stopGradient(toHidden)), [1]);
    return columns(add(kept, carried), seen);
  });
  const all = concat(found, 0);
  return { costs: squeeze(slice(all, 1, 0, 1), 1), told: all.shape[1] === 2 ? squeeze(slice(all, 1, 1, 2), 1) : undefined };
};

/** [part, 1] or [part, 2]: as one, so that neither waits for all chunks of the other. */
const columns = (cost: Node, told: Node | undefined): Node =>
  concat(
    [cost, ...(told ? [stopGradient(told)] : [])].map((x) => unsqueeze(x, 1)),
    1,
  );
