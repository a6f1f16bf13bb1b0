// Large channels of what enters int8 products. Where they are always the same, as in what a norm gives, they are divided down and their weights multiplied up; where a few are far beyond the
// others, they are multiplied as floats. Either way the others keep their resolution.
import { max, mean, type Node, sqrt, square } from '../../core/index.ts';
import { ofInputs } from './linear-of.ts';

/** Sizes of every channel of an activation over example inputs, [in] each. */
export interface ChannelSizes {
  /** Root of the mean square. */
  readonly usual: Float32Array;
  readonly largest: Float32Array;
}

/** What becomes of the channels of an input before it is rounded. */
export interface ChannelPlan {
  /** Each is divided by this. */
  readonly divisors: Float32Array;
  /** Those that are multiplied as floats. */
  readonly apart: readonly number[];
}

const least = 1e-5;

/**
 * Divisors of the channels of an input: √(usual activation / usual weight). Source: SmoothQuant, arXiv:2211.10438, there with the largest of each, which a single odd row decides.
 *
 * @param weights  [out, in] each: of all linears that read this input
 * @returns        [in]
 */
export const smoothingDivisors = ({ usual }: ChannelSizes, weights: readonly Float32Array[]): Float32Array => {
  const inner = usual.length;
  const squares = new Float64Array(inner);
  for (const weight of weights)
    for (let from = 0; from < weight.length; from += inner)
      for (let i = 0; i < inner; i++) {
        const value = weight[from + i]!;
        squares[i]! += value * value;
      }
  const rows = weights.reduce((sum, { length }) => sum + length / inner, 0);
  return Float32Array.from(squares, (sum, i) => Math.sqrt(Math.max(usual[i]!, least) / Math.max(Math.sqrt(sum / rows), least)));
};

/** The `count` largest channels, in their order. */
export const largestChannels = ({ largest }: ChannelSizes, count: number): number[] =>
  [...largest.keys()].sort((a, b) => largest[b]! - largest[a]! || a - b).slice(0, count).sort((a, b) => a - b); // biome-ignore format: a chain

/** What to compute on example inputs to learn the sizes that a plan is made of: for every float linear whose site matches, [in] each. */
export const channelSizes = (roots: readonly Node[], targets = /(?:)/): Map<string, { readonly usual: Node; readonly largest: Node }> =>
  ofInputs(roots, targets, (x, rows) => {
    const squares = square(x);
    return { usual: sqrt(mean(squares, rows)), largest: sqrt(max(squares, rows)) };
  });
