import { ConfigError } from '../../core/index.ts';
import { hashOf, hashOfName } from '../../train/index.ts';
import { promptHash, type Sample } from './sample.ts';

export interface HoldOutOptions {
  readonly seed: number;
  /** Share of the samples that is held out. Default 0.1. */
  readonly share?: number;
  /** Fewest and most samples held out. Default 1 and 200. */
  readonly least?: number;
  readonly most?: number;
}

export interface HeldOut<S> {
  readonly training: S[];
  readonly heldOut: S[];
}

/**
 * Splits off samples to judge by, the same share of every kind. Which ones is decided by a hash of what they ask: samples that ask the same thing fall on one side, and another sample in the file moves few others across.
 * A kind that asks a single thing stays in training whole, unless all do. Both parts keep the order of the file.
 *
 * @throws ConfigError where all samples ask the same, or the share is not in (0, 1)
 */
export const holdOut = <S extends Sample>(samples: readonly S[], { seed, share = 0.1, least = 1, most = 200 }: HoldOutOptions): HeldOut<S> => {
  if (!(share > 0 && share < 1)) throw new ConfigError(`holdOut: expected a share between 0 and 1, got ${share}; 0.1 is usual`);
  const groups = groupsOf(samples, seed);
  if (groups.length < 2)
    throw new ConfigError(
      `holdOut: expected samples that ask two different things at least, got ${samples.length} that ${samples.length === 1 ? 'asks one' : 'ask one'}; add samples, or give an evaluation file of its own`,
    );
  const wanted = Math.min(most, Math.max(least, Math.round(share * samples.length)));
  const strata = [...Map.groupBy(groups, ({ kind }) => kind)].map(([kind, own]) => ({
    kind,
    own: own.sort((a, b) => a.order - b.order || (a.key < b.key ? -1 : 1)),
  }));
  const quotas = apportion(
    strata.map(({ own }) => (own.length > 1 ? own.reduce((total, { size }) => total + size, 0) : 0)),
    wanted,
  );
  const taken = new Set<string>();
  for (const [i, { own }] of strata.entries()) {
    let left = quotas[i]!;
    // One thing of every kind stays to be learnt: the last one.
    for (const { key, size } of own.slice(0, -1)) {
      if (size > left) continue;
      taken.add(key);
      left -= size;
    }
  }
  // Every group may be larger than its quota, or every kind of one group: the smallest, the first by its hash.
  if (taken.size === 0) taken.add(groups.toSorted((a, b) => a.size - b.size || a.order - b.order)[0]!.key);
  const isOut = samples.map((sample) => taken.has(promptHash(sample)));
  return { training: samples.filter((_, i) => !isOut[i]), heldOut: samples.filter((_, i) => isOut[i]) };
};

interface Group {
  readonly key: string;
  /** Of its first sample. */
  readonly kind: string | undefined;
  readonly order: number;
  size: number;
}

const groupsOf = (samples: readonly Sample[], seed: number): Group[] => {
  const groups = new Map<string, Group>();
  for (const sample of samples) {
    const key = promptHash(sample);
    const group = groups.get(key);
    if (group) group.size++;
    else groups.set(key, { key, kind: sample.kind, order: hashOf(seed, hashOfName(key)), size: 1 });
  }
  return [...groups.values()];
};

/** Whole numbers in proportion to the sizes that add up to `total`, or to all there is: largest remainders first. */
const apportion = (sizes: readonly number[], total: number): number[] => {
  const all = sizes.reduce((a, b) => a + b, 0);
  if (all === 0) return sizes.map(() => 0);
  const exact = sizes.map((size) => (Math.min(total, all) * size) / all);
  const given = exact.map(Math.floor);
  const left = Math.min(total, all) - given.reduce((a, b) => a + b, 0);
  const byRemainder = [...exact.keys()].sort((a, b) => exact[b]! - given[b]! - (exact[a]! - given[a]!) || a - b);
  for (const i of byRemainder.slice(0, left)) given[i]!++;
  return given;
};
