import { add, cast, constant, div, matmul, mul, type Node, oneHot, reshape, ShapeError, sizeOf, stopGradient, sum, topK } from '../../core/index.ts';

export interface SwitchBalance {
  /** Of every linear: what its router gave the tokens before the choice, [batch, seq, experts]. */
  readonly shares: readonly Node[];
  /** [batch, seq] float32: what each token counts; 0 for padding. */
  readonly counts: Node;
  /** Experts that serve a token. */
  readonly topK: number;
}

/**
 * The load balance of Switch Transformers, averaged over linears: experts · Σ_n f_n P_n, f_n the part of all choices that fell on expert n (no gradient), P_n its mean share. 1 where all are used alike, `experts` where one has
 * everything.
 *
 * @returns  scalar, without its factor
 * @throws ShapeError where no linear has shares, or fewer experts than `topK`
 * Source: arXiv:2101.03961 (top 1); with more choices f is divided by their number, so that even use stays 1.
 */
export const switchBalanceLoss = ({ shares, counts, topK: chosen }: SwitchBalance): Node => {
  const odd = shares.find(({ shape }) => (shape.at(-1) as number) < chosen);
  if (shares.length === 0 || odd)
    throw new ShapeError(`switchBalanceLoss: expected shares of at least ${chosen} experts, got ${odd ? `[${odd.shape.join(', ')}]` : 'none'}; lower topK`);
  const tokens = sizeOf(counts.shape);
  const row = reshape(counts, [1, tokens]);
  const whole = sum(counts, [0, 1]);
  const meanOf = (each: Node): Node => div(matmul(row, each), whole); // [tokens, experts] → [1, experts]
  const terms = shares.map((own) => {
    const experts = own.shape.at(-1) as number;
    const flat = reshape(own, [tokens, experts]);
    const choices = cast(sum(oneHot(topK(flat, chosen).indices, experts), [1]), 'float32'); // [tokens, experts]
    return mul(sum(mul(stopGradient(meanOf(choices)), meanOf(flat)), [0, 1]), experts / chosen);
  });
  return div(terms.reduce(add, constant(0)), shares.length);
};
