/** A figure with the 95 % interval that resampling gives it. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export interface ResampleOptions {
  /** Resamples drawn; 1000 unless told. */
  readonly samples?: number;
  /** The same seed gives the same interval; 1 unless told. */
  readonly seed?: number;
}

/** Draw k of a seed, from 0 up to 1: a counter hashed to 32 bits, the same whatever was drawn before. */
export const drawn = (seed: number, k: number): number => {
  let h = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(k, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return ((h ^ (h >>> 16)) >>> 0) / 4294967296;
};

/** So many of the items, without replacement, in their order. */
export const drawSome = <T>(items: readonly T[], count: number, seed: number): readonly T[] => {
  if (items.length <= count) return items;
  const lots = items.map((item, i) => ({ item, i, lot: drawn(seed, i) }));
  lots.sort((a, b) => a.lot - b.lot || a.i - b.i);
  return lots
    .slice(0, count)
    .sort((a, b) => a.i - b.i)
    .map(({ item }) => item);
};

const quantile = (sorted: Float64Array, share: number): number => {
  const at = share * (sorted.length - 1);
  const below = sorted[Math.floor(at)]!;
  return below + (sorted[Math.ceil(at)]! - below) * (at - Math.floor(at));
};

const resample = <Unit>(units: readonly Unit[], statistic: (units: readonly Unit[]) => number, { samples = 1000, seed = 1 }: ResampleOptions): Float64Array => {
  const n = units.length;
  return Float64Array.from({ length: samples }, (_, s) => statistic(units.map((_unit, i) => units[Math.floor(drawn(seed, s * n + i) * n)]!)));
};

/** A figure with the interval that its resampled values give. */
export const intervalOf = (value: number, resampled: Float64Array): Interval => {
  const sorted = resampled.toSorted();
  return { value, low: quantile(sorted, 0.025), high: quantile(sorted, 0.975) };
};

/**
 * Percentile bootstrap of a statistic over units (documents, usually) drawn with replacement.
 *
 * @throws RangeError when there are no units
 */
export const bootstrap = <Unit>(units: readonly Unit[], statistic: (units: readonly Unit[]) => number, options: ResampleOptions = {}): Interval => {
  if (units.length === 0) throw new RangeError('bootstrap: expected at least one unit to draw from, got none');
  return intervalOf(statistic(units), resample(units, statistic, options));
};

/** `pValue`: two-sided, how often resampling turns the sign of the difference. */
export interface PairedInterval extends Interval {
  readonly pValue: number;
}

/** The same for a difference, with how often resampling turns its sign. */
export const pairedIntervalOf = (value: number, resampled: Float64Array): PairedInterval => {
  const [notAbove, notBelow] = [resampled.filter((d) => d <= 0).length, resampled.filter((d) => d >= 0).length];
  return { ...intervalOf(value, resampled), pValue: Math.min(1, (2 * (Math.min(notAbove, notBelow) + 1)) / (resampled.length + 1)) };
};

/**
 * Paired bootstrap of `statistic(a) − statistic(b)`: the same documents are drawn for both systems.
 *
 * @throws RangeError when the systems were not measured on the same number of units, or on none
 */
export const pairedBootstrap = <Unit>(
  a: readonly Unit[],
  b: readonly Unit[],
  statistic: (units: readonly Unit[]) => number,
  options: ResampleOptions = {},
): PairedInterval => {
  if (a.length !== b.length || a.length === 0)
    throw new RangeError(`paired bootstrap: expected the same units twice, got ${a.length} and ${b.length}; give both systems the same documents`);
  const pairs = a.map((unit, i) => [unit, b[i]!] as const);
  const difference = (drawn: readonly (readonly [Unit, Unit])[]) => statistic(drawn.map(([left]) => left)) - statistic(drawn.map(([, right]) => right));
  return pairedIntervalOf(difference(pairs), resample(pairs, difference, options));
};
