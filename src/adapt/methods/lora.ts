import { z } from 'zod';
import { lowRank, lowRankParameters, lowRankStart, mergeLowRank } from '../../nn/index.ts';
import type { Method } from '../method.ts';
import { optionsOf } from '../options.ts';
import { ownValues } from '../own-values.ts';
import { targetsPattern } from '../targets.ts';
import { lowRankOptions } from './low-rank-options.ts';

const schema = z.strictObject({
  ...lowRankOptions({ rank: 8, alpha: 16, targets: 'all' }),
  /** `plain`: alpha / rank. `rslora`: alpha / √rank, which keeps what a branch adds from shrinking as its rank grows (arXiv:2312.03732). */
  scaling: z.enum(['plain', 'rslora']).default('plain'),
});
export type LoraOptions = z.input<typeof schema>;
type Filled = z.output<typeof schema>;

const kind = 'lora';

/** The alpha that, divided by the rank, is the scale of the branch. */
const alphaOf = ({ alpha, rank, scaling }: Filled): number => (scaling === 'rslora' ? alpha * Math.sqrt(rank) : alpha);

/**
 * A low-rank branch beside every target linear: W x + s · B A x, with parameters `SITE.lora.a` [rank, in] and `SITE.lora.b` [out, rank].
 *
 * Source: arXiv:2106.09685; A starts uniform with variance 1 / in, B zero.
 */
export const lora = (given: LoraOptions = {}): Method & { readonly options: Filled } => {
  const options = optionsOf(kind, schema, given);
  const { rank, dropout: rate } = options;
  const alpha = alphaOf(options);
  return {
    kind,
    options,
    apply(roots, { key } = {}) {
      const adapted = lowRank(roots, { targets: targetsPattern(options.targets), rank, alpha, ...(key && { dropout: { rate, key } }) });
      return { roots: adapted, parameters: lowRankParameters(adapted), shares: new Map() };
    },
    start: (node, seed) => Promise.resolve(lowRankStart(node, seed)),
    merge(site, weight, own) {
      const found = ownValues(own, `${site}.lora`, ['a', 'b']);
      return found ? mergeLowRank(weight, ...found, { rank, alpha }) : weight;
    },
  };
};
