import { z } from 'zod';
import type { Method } from '../method.ts';
import { optionsOf } from '../options.ts';
import { lowRankOptions } from './low-rank-options.ts';
import { routedExperts } from './routed-experts.ts';

const schema = z.strictObject({
  experts: z.number().int().min(1).max(256).default(4),
  ...lowRankOptions({ rank: 4, alpha: 32, targets: 'mlp' }),
});
export type HydraLoraOptions = z.input<typeof schema>;

const kind = 'hydralora';

/**
 * One A that all experts read through and a B for each, mixed by a softmax of a router's scores: what samples have in common is learnt once. Parameters `SITE.hydralora.a` [rank, in], `.b` [out, experts · rank], `.route`
 * [experts, in].
 *
 * Source: arXiv:2404.19245; how many experts is said by hand, not found by clustering.
 */
export const hydralora = (given: HydraLoraOptions = {}): Method & { readonly options: z.output<typeof schema> } => {
  const options = optionsOf(kind, schema, given);
  return { kind, options, ...routedExperts(kind, { ...options, sharedA: true }) };
};
