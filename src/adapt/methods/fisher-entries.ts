import { ConfigError } from '../../core/index.ts';
import { placesText } from './places-text.ts';

/** Sums of squared gradients, by parameter. */
export type Fisher = Map<string, Float32Array>;

/**
 * Adds the squares of one sample's gradients of its log-likelihood to what is held: over samples, the diagonal of the empirical Fisher information, times their number. Gradients of a batch as a whole are not it: samples cancel out.
 *
 * @param gradients  by parameter
 * @throws ConfigError where a gradient has another length than before, or is not finite
 */
export const addFisher = (fisher: Fisher, gradients: Iterable<readonly [string, Float32Array]>): void => {
  for (const [name, gradient] of gradients) {
    const held = fisher.get(name) ?? new Float32Array(gradient.length);
    if (held.length !== gradient.length)
      throw new ConfigError(`fisher ${name}: expected a gradient of ${held.length} values, got ${gradient.length}; one model at a time`);
    let sum = 0;
    for (let i = 0; i < gradient.length; i++) {
      held[i]! += gradient[i]! ** 2;
      sum += held[i]!;
    }
    if (!Number.isFinite(sum)) throw new ConfigError(`fisher ${name}: expected finite gradients, got NaN or an infinity; leave that sample out`);
    fisher.set(name, held);
  }
};

/**
 * The entries of weights with the largest Fisher information: the option `entries` of `fisherMasked`.
 *
 * @param fisher  of weights of linears, `SITE.weight`; others are left out
 * @param share   of all entries, in (0, 1]; at least one is taken
 * @param scope   `model`: the largest of all weights together. `weight`: the same share of each. Default `model`.
 * @throws ConfigError for a share outside, or without any weight
 */
export const fisherEntries = (
  fisher: ReadonlyMap<string, Float32Array>,
  share: number,
  { scope = 'model' }: { scope?: 'model' | 'weight' } = {},
): Record<string, string> => {
  const weights = [...fisher].filter(([name]) => name.endsWith('.weight'));
  if (!(share > 0 && share <= 1)) throw new ConfigError(`fisherEntries: expected a share above 0 and at most 1, got ${share}`);
  if (weights.length === 0) throw new ConfigError('fisherEntries: expected Fisher information of weights, SITE.weight, got none; add gradients first');
  const entries: Record<string, string> = {};
  for (const together of scope === 'model' ? [weights] : weights.map((one) => [one])) {
    const values = together.map(([, own]) => own);
    const count = Math.max(1, Math.round(share * values.reduce((total, { length }) => total + length, 0)));
    const { bits, ties } = largestBits(values, count);
    let left = ties;
    for (const [name, own] of together) {
      const places: number[] = [];
      for (const [i, value] of bitsOf(own).entries()) if (value > bits || (value === bits && left-- > 0)) places.push(i);
      if (places.length > 0) entries[name.slice(0, -'.weight'.length)] = placesText(places);
    }
  }
  return entries;
};

/** Floats that are not negative are ordered as their bits are. */
const bitsOf = (values: Float32Array): Uint32Array => new Uint32Array(values.buffer, values.byteOffset, values.length);

/** The value, as bits, that `count` values reach or exceed, and how many of those equal to it are among them. Found by halves of the bits: two passes, no copy. */
const largestBits = (values: readonly Float32Array[], count: number): { bits: number; ties: number } => {
  let left = count;
  const passing = (histogram: Float64Array): number => {
    let at = histogram.length - 1;
    for (; at > 0 && histogram[at]! < left; at--) left -= histogram[at]!;
    return at;
  };
  const upper = new Float64Array(1 << 16);
  for (const own of values) for (const bits of bitsOf(own)) upper[bits >>> 16]!++;
  const high = passing(upper);
  const lower = new Float64Array(1 << 16);
  for (const own of values) for (const bits of bitsOf(own)) if (bits >>> 16 === high) lower[bits & 0xffff]!++;
  const low = passing(lower);
  return { bits: ((high << 16) | low) >>> 0, ties: left };
};
