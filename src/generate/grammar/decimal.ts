import { commonMultiple } from './exact-decimal.ts';
import type { Terminal } from './terminal.ts';

/** Numbers within bounds, in units of the last fraction digit. All whole numbers below 10^14 (10^15 without fraction digits) in size. */
export interface DecimalRange {
  /** Most digits before the point, and after it. */
  readonly wholeDigits: number;
  readonly fractionDigits: number;
  /** First and last that are allowed, and what all are multiples of. */
  readonly low: number;
  readonly high: number;
  readonly step: number;
}

const [atStart, afterMinus, firstCode] = [0, 1, 2];
const [minus, point, zero] = [0x2d, 0x2e, 0x30];

/**
 * A number within bounds, written without exponent. A state is the number as far as it is written, so that every digit keeps the answer possible: [low, high] is compared with all numbers that begin so. There
 * is no minus zero.
 */
export const decimal = ({ wholeDigits, fractionDigits, low, high, step }: DecimalRange): Terminal => {
  const width = fractionDigits + 2;
  // digits: all that were written, as a whole number; fraction: how many of them after the point, -1 before it.
  const encode = (digits: number, fraction: number, negative: boolean): number => (digits * width + fraction + 1) * 2 + (negative ? 1 : 0) + firstCode;
  const decode = (state: number) => {
    const code = Math.floor((state - firstCode) / 2);
    return { digits: Math.floor(code / width), fraction: (code % width) - 1, negative: (state - firstCode) % 2 === 1 };
  };
  const steps = Array.from({ length: fractionDigits + 1 }, (_, written) => commonMultiple(step, 10 ** (fractionDigits - written)));
  /** Whether a multiple of `by` lies from first to last and within the bounds. */
  const holds = (first: number, last: number, negative: boolean, by: number): boolean => {
    const from = Math.max(first, negative ? Math.max(1, -high) : low);
    return Math.ceil(from / by) * by <= Math.min(last, negative ? -low : high);
  };
  /** Whether `whole` more digits before the point, then `written` digits after it in all, make a number within the bounds. */
  const reaches = (digits: number, fraction: number, negative: boolean, whole: number, written: number): boolean => {
    const unit = 10 ** (whole + fractionDigits - Math.max(fraction, 0));
    return holds(digits * unit, (digits + 1) * unit - 1, negative, steps[written]!);
  };
  const moreWhole = (digits: number, fraction: number): number => (fraction >= 0 || digits === 0 ? 0 : wholeDigits - String(digits).length);
  const isPossible = (digits: number, fraction: number, negative: boolean): boolean => {
    for (let whole = moreWhole(digits, fraction); whole >= 0; whole--) if (reaches(digits, fraction, negative, whole, fractionDigits)) return true;
    return false;
  };
  const next = (state: number, byte: number): number => {
    if (state === atStart && byte === minus) return holds(1, 10 ** (wholeDigits + fractionDigits) - 1, true, step) ? afterMinus : -1;
    const { digits, fraction, negative } = state < firstCode ? { digits: 0, fraction: -1, negative: state === afterMinus } : decode(state);
    const digit = byte - zero;
    let [more, places] = [digits * 10 + digit, fraction];
    if (byte === point) {
      if (state < firstCode || fraction >= 0 || fractionDigits === 0) return -1;
      [more, places] = [digits, 0];
    } else if (!(digit >= 0 && digit <= 9)) return -1;
    else if (fraction >= 0) {
      if (fraction === fractionDigits) return -1;
      places++;
    } else if (state >= firstCode && moreWhole(digits, fraction) === 0) return -1;
    return isPossible(more, places, negative) ? encode(more, places, negative) : -1;
  };
  const accepts = (state: number): boolean => {
    if (state < firstCode) return false;
    const { digits, fraction, negative } = decode(state);
    const value = digits * 10 ** (fractionDigits - Math.max(fraction, 0));
    return fraction !== 0 && holds(value, value, negative, step);
  };
  const following = [minus, point, ...Array.from({ length: 10 }, (_, digit) => zero + digit)];
  return {
    start: atStart,
    next,
    accepts,
    goesOn: (state) => following.some((byte) => next(state, byte) >= 0),
    rest({ single }) {
      const usable = following.every((byte) => single[byte]);
      const rest = (state: number): number => {
        if (accepts(state)) return 0;
        if (state < firstCode)
          return 1 + following.reduce((least, byte) => (next(state, byte) < 0 ? least : Math.min(least, rest(next(state, byte)))), Number.POSITIVE_INFINITY);
        const { digits, fraction, negative } = decode(state);
        let least = Number.POSITIVE_INFINITY;
        for (let whole = 0; whole <= moreWhole(digits, fraction); whole++)
          for (let written = fraction < 0 ? 0 : Math.max(fraction, 1); written <= fractionDigits; written++)
            if (reaches(digits, fraction, negative, whole, written))
              least = Math.min(least, whole + written - Math.max(fraction, 0) + (fraction < 0 && written > 0 ? 1 : 0));
        return least;
      };
      return (state) => (usable ? rest(state) : Number.POSITIVE_INFINITY);
    },
  };
};
