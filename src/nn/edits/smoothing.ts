// Large channels of what enters int8 products are divided down and their weights multiplied up, so that the others keep their resolution.
import { mean, type Node, sqrt, square } from '../../core/index.ts';
import { ofInputs } from './linear-of.ts';

const least = 1e-5;

/**
 * Divisors of the channels of an input: √(usual activation / usual weight). Source: SmoothQuant, arXiv:2211.10438, there with the largest of each, which a single odd row decides.
 *
 * @param usual    [in], root of the mean square of each channel over example inputs: see `channelSizes`
 * @param weights  [out, in] each: of all linears that read this input
 * @returns        [in]
 */
export const smoothingDivisors = (usual: Float32Array, weights: readonly Float32Array[]): Float32Array => {
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

/** What to compute on example inputs to learn how large each channel usually is: for every float linear whose site matches, the root of its mean square, [in]. */
export const channelSizes = (roots: readonly Node[], targets = /(?:)/): Map<string, Node> => ofInputs(roots, targets, (x, rows) => sqrt(mean(square(x), rows)));
