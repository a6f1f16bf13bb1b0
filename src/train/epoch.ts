import { ConfigError } from '../core/index.ts';
import { hashOf } from './hash.ts';

/** Order of `count` examples in an epoch, a function of (seed, epoch, position) alone: a run that resumes needs no generator state. */
export const epochOrder = (seed: number, epoch: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => ({ i, key: hashOf(seed, epoch, i) }))
    .sort((a, b) => a.key - b.key || a.i - b.i)
    .map(({ i }) => i);

/**
 * Batches of an epoch. Examples are shuffled, sorted by length within pools of `pool` batches so that a batch wastes little padding, and the batches shuffled again.
 *
 * @param lengths  length of every example, in any unit
 * @param batch    examples a batch; the last of a pool may hold fewer
 */
export const epochBatches = (
  lengths: readonly number[],
  { seed, epoch, batch, pool = 16 }: { seed: number; epoch: number; batch: number; pool?: number },
): number[][] => {
  if (!(Number.isInteger(batch) && batch > 0 && Number.isInteger(pool) && pool > 0))
    throw new ConfigError(`epochBatches: expected whole numbers above 0, got batch ${batch}, pool ${pool}`);
  const order = epochOrder(seed, epoch, lengths.length);
  const batches: number[][] = [];
  for (let from = 0; from < order.length; from += batch * pool) {
    const pooled = order.slice(from, from + batch * pool).sort((a, b) => lengths[a]! - lengths[b]! || a - b);
    for (let at = 0; at < pooled.length; at += batch) batches.push(pooled.slice(at, at + batch));
  }
  return epochOrder(seed + 1, epoch, batches.length).map((i) => batches[i]!);
};
