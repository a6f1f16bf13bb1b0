import {
  add,
  edit,
  exp,
  inOrder,
  isParameter,
  log,
  logSoftmax,
  maximum,
  mul,
  type Node,
  nameOf,
  parameter,
  ShapeError,
  sameShape,
  softmax,
  stopGradient,
  sub,
  sum,
  takeAlong,
  topK,
} from '../../core/index.ts';
import { type LogitCost, type RowOptions, rowCosts } from './row-costs.ts';

/** Under which name a weight of the base is read that is trained under its own. */
export const unchangedOf = (name: string): string => `base:${name}`;

/**
 * The model as it was, beside the adapted one in one program: what the adapter does not reach is computed once, frozen weights are shared, and no gradient enters. Its nodes carry no sites, which are the adapted model's.
 *
 * @param base     roots before the edit
 * @param adapted  the same roots after it
 * @param trained  names of what is trained: a weight of the base among them is read as `base:NAME`, bound to where the weight lies
 */
export const baseBeside = (base: readonly Node[], adapted: readonly Node[], trained: ReadonlySet<string>): Node[] => {
  const shared = new Set(inOrder(adapted));
  const apart = edit(base, (node, original) => {
    if (isParameter(node) && trained.has(nameOf(node))) return parameter(unchangedOf(nameOf(node)), node.shape as readonly number[], node.dtype);
    if (node === original && shared.has(original)) return original;
    const { site: _site, recompute: _recompute, ...rest } = node;
    return rest;
  });
  return apart.map(stopGradient);
};

export interface KlRows {
  /** [rows, hidden] of the adapted model. */
  readonly hidden: Node;
  /** [rows] float32: what each counts; 0 for a row that only fills a block. */
  readonly weights: Node;
}

/**
 * Σ weight · KL(base ‖ adapted) of the next token's distribution, in nats; see `rowCosts` for how rows are cut.
 *
 * @param base  [rows, hidden] of the model as it was, see `baseBeside`
 * @param options.baseHead  where the base's head differs from the adapted one's
 */
export const klToBase = (
  { hidden, weights, base }: KlRows & { readonly base: Node },
  options: RowOptions & { readonly baseHead?: RowOptions['head'] },
): Node => {
  const { baseHead = options.head } = options;
  return weighted('klToBase', hidden, [base], weights, options, (logits, [before]) => {
    const wanted = logSoftmax(stopGradient(baseHead(before!)));
    const shares = exp(wanted);
    return { cost: sum(mul(shares, sub(wanted, logSoftmax(logits))), [1]), slope: sub(softmax(logits), shares) };
  });
};

/**
 * The K likeliest tokens of rows of logits: what `klToTop` takes, computed once for a text.
 *
 * @param logits  [rows, vocab]
 * @returns  tokens [rows, topK] int64 and their log-probabilities [rows, topK], likeliest first
 */
export const likeliest = (logits: Node, count: number): { readonly tokens: Node; readonly logProbs: Node } => {
  const { values, indices } = topK(logSoftmax(logits), count);
  return { tokens: indices, logProbs: values };
};

// What is left of 1 in float32 is wrong by about this much.
const least = 1e-6;

/**
 * The same from the base's K likeliest tokens, all others taken as one: Σ weight · KL over K + 1 outcomes, never more than the whole KL. The base itself need not run.
 *
 * @param tokens    [rows, topK] int64, fewer than the vocabulary has
 * @param logProbs  [rows, topK] of the base
 */
export const klToTop = ({ hidden, weights, tokens, logProbs }: KlRows & { readonly tokens: Node; readonly logProbs: Node }, options: RowOptions): Node => {
  if (!sameShape(tokens.shape, logProbs.shape) || tokens.shape.length !== 2)
    throw new ShapeError(
      `klToTop: expected tokens and log-probabilities [rows, topK], got [${tokens.shape.join(', ')}] and [${logProbs.shape.join(', ')}]; see likeliest`,
    );
  return weighted('klToTop', hidden, [tokens, logProbs], weights, options, (logits, [own, wanted]) => {
    const shares = exp(wanted!);
    const found = takeAlong(logSoftmax(logits), own!, 1);
    const [restWanted, restFound] = [restOf(shares), restOf(exp(found))];
    const ofTop = sum(mul(shares, sub(wanted!, found)), [1]);
    return { cost: add(ofTop, mul(restWanted, sub(log(restWanted), log(restFound)))) };
  });
};

const restOf = (shares: Node): Node => maximum(sub(1, sum(shares, [1])), least);

const weighted = (
  where: string,
  hidden: Node,
  beside: readonly Node[],
  weights: Node,
  options: RowOptions,
  costOf: (logits: Node, beside: readonly Node[]) => LogitCost,
): Node => {
  if (!sameShape(weights.shape, hidden.shape.slice(0, 1)))
    throw new ShapeError(`${where}: expected weights [${hidden.shape[0]}], one for each hidden row, got [${weights.shape.join(', ')}]; see labelInputs`);
  return sum(mul(rowCosts(where, hidden, beside, options, costOf).costs, weights), [0]);
};
