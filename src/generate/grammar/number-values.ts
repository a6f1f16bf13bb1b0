import { ConfigError } from '../../core/index.ts';
import { decimal } from './decimal.ts';
import { commonMultiple, isMultiple, stepInUnits } from './exact-decimal.ts';
import { jsonPieces } from './json-pieces.ts';
import type { Keywords } from './json-schema.ts';
import type { Terminal } from './terminal.ts';

interface Bounds {
  readonly low: number;
  readonly high: number;
  readonly aboveLow: boolean;
  readonly belowHigh: boolean;
  readonly steps: readonly number[];
}

const boundsOf = (all: readonly Keywords[]): Bounds => {
  const given = (key: 'minimum' | 'maximum' | 'exclusiveMinimum' | 'exclusiveMaximum' | 'multipleOf'): number[] => all.flatMap((one) => one[key] ?? []);
  const [above, below] = [Math.max(...given('exclusiveMinimum')), Math.min(...given('exclusiveMaximum'))];
  const [low, high] = [Math.max(...given('minimum'), above), Math.min(...given('maximum'), below)];
  return { low, high, aboveLow: low === above, belowHigh: high === below, steps: given('multipleOf') };
};
const isAbove = (value: number, { low, aboveLow }: Bounds): boolean => (aboveLow ? value > low : value >= low);
const isBelow = (value: number, { high, belowHigh }: Bounds): boolean => (belowHigh ? value < high : value <= high);

/** Whether a number fits all of some schemas. */
export const numberFits = (value: number, all: readonly Keywords[]): boolean => {
  const bounds = boundsOf(all);
  return isAbove(value, bounds) && isBelow(value, bounds) && bounds.steps.every((of) => isMultiple(value, of));
};

const mostPlaces = 7;
const mostDigits = 14;

/**
 * Numbers that fit all of some schemas. Without bounds they may have an exponent; else integers have up to 15 digits, and others up to 14: 10 before the point and 4 after it where a bound is missing, and up
 * to 7 after it where both are there.
 *
 * @returns undefined where there are none
 * @throws ConfigError for bounds that such numbers do not reach
 */
export const numbersOf = (all: readonly Keywords[], integer: boolean, where: string): Terminal | undefined => {
  const bounds = boundsOf(all);
  const { low, high, steps } = bounds;
  const pieces = jsonPieces();
  const [noLow, noHigh] = [low === Number.NEGATIVE_INFINITY, high === Number.POSITIVE_INFINITY];
  if (noLow && noHigh && steps.length === 0) return integer ? pieces.integer : pieces.number;
  const digitsOf = (bound: number): number => (Number.isFinite(bound) ? String(BigInt(Math.trunc(Math.abs(bound)))).length : 0);
  const finest = Math.max(0, ...steps.map((of) => leastPlaces(of, where)));
  const wanted = noLow || noHigh ? Math.max(10, digitsOf(low), digitsOf(high)) : Math.max(1, digitsOf(low), digitsOf(high));
  const wholeDigits = integer ? 15 : Math.min(wanted, mostDigits - finest);
  const fractionDigits = integer ? 0 : Math.min(mostPlaces, mostDigits - wholeDigits);
  const unit = 10 ** fractionDigits;
  const most = 10 ** (wholeDigits + fractionDigits) - 1;
  const refuse = (): never => {
    throw new ConfigError(
      `schema ${where}: expected bounds between which there are numbers of up to ${wholeDigits} digits and ${fractionDigits} after the point, got ${low} to ${high}; widen them`,
    );
  };
  if (low * unit > most || high * unit < -most) refuse();
  let first = noLow || low * unit < -most ? -most : Math.ceil(low * unit);
  let last = noHigh || high * unit > most ? most : Math.floor(high * unit);
  // Judged as a reader of the text does: the quotient is the number nearest to what is written.
  if (!noLow) {
    while (first > -most && isAbove((first - 1) / unit, bounds)) first--;
    while (!isAbove(first / unit, bounds)) first++;
  }
  if (!noHigh) {
    while (last < most && isBelow((last + 1) / unit, bounds)) last++;
    while (!isBelow(last / unit, bounds)) last--;
  }
  if (!integer && first > last && low < high) refuse();
  const step = steps.reduce((found, of) => commonMultiple(found, stepInUnits(of, fractionDigits)), 1);
  const one = Math.ceil(first / step) * step;
  return one > last ? undefined : decimal({ wholeDigits, fractionDigits, low: first, high: last, step });
};

const leastPlaces = (of: number, where: string): number => {
  const places = Array.from({ length: mostPlaces + 1 }, (_, i) => i).find((i) => isMultiple(of, 10 ** -i));
  if (places === undefined)
    throw new ConfigError(`schema ${where}/multipleOf: expected a number of at most ${mostPlaces} digits after the point, got ${of}; round it`);
  return places;
};
