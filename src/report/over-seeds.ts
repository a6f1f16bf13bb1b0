import type { BeforeAfter, Difference, Interval } from './adapt-result.ts';

/** A score of an arm: of all its seeds together. */
export interface SeedScore extends BeforeAfter<Interval> {
  readonly metric: string;
  /** Items scored, each counted once however many seeds were asked it. */
  readonly n: number;
  /** Whether all seeds were asked the same items. */
  readonly sameItems: boolean;
  /** After minus before; null where that is not known item by item. */
  readonly difference: Difference | null;
  /** Of each seed alone, in their order. */
  readonly bySeed: readonly BeforeAfter<number>[];
}

/** Runs that differ in nothing but the seed, or a run that none of the others repeats. */
export interface SeedArm {
  readonly name: string;
  /** Kind of its method. */
  readonly method: string;
  /** Seeds that its figures are of, in the order of its runs. */
  readonly seeds: readonly number[];
  /** Its runs, by their places among those compared from 0, in the order of `seeds`. */
  readonly runs: readonly number[];
  /** `null`: was not measured, or not so that seeds can be put together. */
  readonly task: SeedScore | null;
  readonly knowledge: SeedScore | null;
}

/** Two arms with the same seeds: the first minus the second, paired seed by seed and item by item. */
export interface SeedPair {
  /** Places of the two among the arms, from 0. */
  readonly arms: readonly [number, number];
  /** Seeds that both have. */
  readonly seeds: readonly number[];
  /** Of the score after training. `null`: the two were not asked the same items, or are not scored alike. */
  readonly task: Difference | null;
  /** Of what knowledge changed by. */
  readonly knowledge: Difference | null;
}

/** What runs come to as arms of several seeds. Intervals are of 95 %, over seeds and items; of an arm of one seed over its items. */
export interface OverSeeds {
  readonly arms: readonly SeedArm[];
  readonly pairs: readonly SeedPair[];
  /** Sentences on runs that are not counted, and why. */
  readonly notes: readonly string[];
}
