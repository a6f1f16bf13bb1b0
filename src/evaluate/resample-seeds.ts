import { drawn, type Interval, intervalOf, type PairedInterval, pairedIntervalOf, type ResampleOptions } from './resample.ts';

/** Results of several trainings: per seed the units it was measured on. */
export type BySeed<Unit> = readonly (readonly Unit[])[];

export interface SeedResampleOptions extends ResampleOptions {
  /**
   * Whether all seeds were measured on the same units in the same order. Then units are drawn once for all seeds of a resample: how hard an item is does not average out over seeds. Default: all have
   * as many.
   */
  readonly sameUnits?: boolean;
}

/**
 * Bootstrap at two levels: seeds with replacement, and units with replacement. The statistic sees the units of all drawn seeds together. Few seeds make the interval too narrow by about
 * √((seeds − 1)/seeds) of what seeds contribute; say how many there were.
 *
 * @throws RangeError where there are no seeds or a seed has no units, or units are said to be the same and are not as many
 */
export const bootstrapSeeds = <Unit>(results: BySeed<Unit>, statistic: (units: readonly Unit[]) => number, options: SeedResampleOptions = {}): Interval => {
  const sample = sampler(results, options);
  return intervalOf(
    statistic(results.flat()),
    Float64Array.from({ length: options.samples ?? 1000 }, (_, s) => statistic(sample(s))),
  );
};

/**
 * The same for `statistic(a) − statistic(b)`, the same seeds and units drawn for both: seed i of `a` stands beside seed i of `b`, unit j beside unit j.
 *
 * @throws RangeError as `bootstrapSeeds`, or where the two were not measured alike
 */
export const pairedBootstrapSeeds = <Unit>(
  a: BySeed<Unit>,
  b: BySeed<Unit>,
  statistic: (units: readonly Unit[]) => number,
  options: SeedResampleOptions = {},
): PairedInterval => {
  if (a.length !== b.length || a.some((units, seed) => units.length !== b[seed]!.length))
    throw new RangeError(
      `paired bootstrap: expected the same seeds and units twice, got ${sizes(a)} and ${sizes(b)}; measure both systems with the same seeds on the same items`,
    );
  const pairs = a.map((units, seed) => units.map((unit, i) => [unit, b[seed]![i]!] as const));
  const difference = (drawnPairs: readonly (readonly [Unit, Unit])[]): number =>
    statistic(drawnPairs.map(([left]) => left)) - statistic(drawnPairs.map(([, right]) => right));
  const sample = sampler(pairs, options);
  return pairedIntervalOf(
    difference(pairs.flat()),
    Float64Array.from({ length: options.samples ?? 1000 }, (_, s) => difference(sample(s))),
  );
};

const sizes = (results: BySeed<unknown>): string => results.map(({ length }) => length).join(' + ') || 'none';

const sampler = <Unit>(results: BySeed<Unit>, { seed = 1, sameUnits }: SeedResampleOptions): ((sample: number) => Unit[]) => {
  const seeds = results.length;
  const most = Math.max(0, ...results.map(({ length }) => length));
  if (seeds === 0 || results.some(({ length }) => length === 0))
    throw new RangeError(`bootstrap: expected at least one unit of every seed, got ${sizes(results)}`);
  const alike = results.every(({ length }) => length === most);
  if (sameUnits && !alike) throw new RangeError(`bootstrap: expected the same units for all seeds, got ${sizes(results)}`);
  const shared = sameUnits ?? alike;
  const perSample = seeds + seeds * most;
  return (sample) =>
    Array.from({ length: seeds }, (_, s) => {
      const units = results[Math.floor(drawn(seed, sample * perSample + s) * seeds)]!;
      const first = sample * perSample + seeds + (shared ? 0 : s * most);
      return units.map((_unit, i) => units[Math.floor(drawn(seed, first + i) * units.length)]!);
    }).flat();
};
