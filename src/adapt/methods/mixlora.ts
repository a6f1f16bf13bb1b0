import { z } from 'zod';
import { ConfigError, div, type Node, putAlong, softmax, sum, topK } from '../../core/index.ts';
import type { Gate } from '../../nn/index.ts';
import type { Method } from '../method.ts';
import { optionsOf } from '../options.ts';
import { lowRankOptions } from './low-rank-options.ts';
import { routedExperts } from './routed-experts.ts';

const schema = z.strictObject({
  experts: z.number().int().min(1).max(256).default(8),
  /** Experts that serve a token; the others add nothing. */
  topK: z.number().int().min(1).default(2),
  ...lowRankOptions({ rank: 4, alpha: 8, targets: 'mlp' }),
});
export type MixLoraOptions = z.input<typeof schema>;

const kind = 'mixlora';

/**
 * Low-rank experts of which every token takes the `topK` that a router gives most, their shares made to add up to 1. `shares` are the router's before the choice: what `switchBalanceLoss` and reports need. Parameters
 * as LoRAMoE's, under `SITE.mixlora`.
 *
 * Source: arXiv:2404.15159. There one router serves a whole feed-forward part, whose experts are mixed after its last linear; here each linear has a router, so that any linear of any family can be a target. All experts are
 * computed: they are too narrow for leaving some out to pay.
 */
export const mixlora = (given: MixLoraOptions = {}): Method & { readonly options: z.output<typeof schema> } => {
  const options = optionsOf(kind, schema, given);
  const { experts, topK: chosen } = options;
  if (chosen > experts) throw new ConfigError(`${kind}: expected a topK of at most ${experts}, as many as there are experts, got ${chosen}; lower it`);
  const gate = (scores: Node): Gate => {
    const shares = softmax(scores);
    return { shares, weights: chosen === experts ? shares : largest(shares, chosen) };
  };
  return { kind, options, ...routedExperts(kind, { ...options, gate }) };
};

/** The k largest shares, made to add up to 1, where they were; 0 elsewhere. */
const largest = (shares: Node, k: number): Node => {
  const { values, indices } = topK(shares, k);
  return putAlong(indices, div(values, sum(values, [-1], { keepDims: true })), -1, shares.shape.at(-1)!);
};
