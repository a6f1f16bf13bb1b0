import { cast, concat, constant, cos, mul, type Node, type PairForm, reshape, rotatePairs, ShapeError, sin, slice, unsqueeze } from '../core/index.ts';
import { lastLength } from './linear.ts';

/**
 * Which two numbers of a head turn together: `half`, as Hugging Face files of weights have it, or `interleaved`, as the paper and GGUF files of the architecture llama have it. The same
 * model in either form differs in the order of the rows of its query and key weights.
 */
export type RotaryForm = PairForm;

/**
 * How frequencies are changed for longer texts: `linear` divides all by a factor; `llama3` divides those by `factor` that turn fewer than `low` times within `positions`,
 * leaves those that turn more than `high` times, and blends between; `factors` divides each by its own.
 */
export type RotaryScaling =
  | { readonly kind: 'linear'; readonly factor: number }
  | { readonly kind: 'llama3'; readonly factor: number; readonly low: number; readonly high: number; readonly positions: number }
  | { readonly kind: 'factors'; readonly factors: readonly number[] };

export interface RotaryOptions {
  readonly headDim: number;
  /** How many of the first numbers of a head turn; the rest stays. Default: all. */
  readonly dims?: number;
  readonly base: number;
  readonly scaling?: RotaryScaling | undefined;
  /** Default 'half'. */
  readonly form?: RotaryForm | undefined;
}

/** Radians a position by which each pair turns, [dims/2]. */
export const rotaryFrequencies = (dims: number, base: number, scaling?: RotaryScaling): number[] => {
  if (!Number.isInteger(dims) || dims < 2 || dims % 2 !== 0) throw new ShapeError(`rotary: expected an even number of dims to turn, got ${dims}`);
  const plain = Array.from({ length: dims / 2 }, (_, i) => base ** ((-2 * i) / dims));
  if (!scaling) return plain;
  if (scaling.kind === 'linear') return plain.map((f) => f / scaling.factor);
  if (scaling.kind === 'factors') {
    const { factors } = scaling;
    if (factors.length !== plain.length) throw new ShapeError(`rotary: expected ${plain.length} factors for ${dims} dims, got ${factors.length}`);
    return plain.map((f, i) => f / factors[i]!);
  }
  const { factor, low, high, positions } = scaling;
  return plain.map((f) => {
    const turns = (positions * f) / (2 * Math.PI);
    const kept = Math.min(1, Math.max(0, (turns - low) / (high - low)));
    return kept * f + ((1 - kept) * f) / factor;
  });
};

/**
 * Rotary position embedding (arXiv:2104.09864): what turns queries and keys by their positions. Build it once; its tables are shared by all layers.
 *
 * @param positions  [batch, seq] int64
 * @returns          a function of [batch, heads, seq, headDim] or [batch, seq, heads·headDim], for any number of heads
 */
export const rotary = (positions: Node, { headDim, dims = headDim, base, scaling, form = 'half' }: RotaryOptions): ((x: Node) => Node) => {
  if (dims > headDim) throw new ShapeError(`rotary: expected at most ${headDim} dims to turn, got ${dims}`);
  const rest = headDim - dims;
  const angles = mul(unsqueeze(cast(positions, 'float32'), -1), constant(rotaryFrequencies(dims, base, scaling))); // [batch, seq, dims/2]
  const [cosine, sine] = [cos(angles), sin(angles)];
  return (x) => {
    const width = lastLength('rotary', x);
    if (x.shape.length === 3 && width % headDim === 0) {
      if (rest === 0) return rotatePairs(x, cosine, sine, form);
      const heads = reshape(x, [...x.shape.slice(0, 2), width / headDim, headDim]);
      const turned = reshape(slice(heads, -1, 0, dims), [...x.shape.slice(0, 2), (width / headDim) * dims]);
      const back = reshape(rotatePairs(turned, cosine, sine, form), [...heads.shape.slice(0, 3), dims]);
      return reshape(concat([back, slice(heads, -1, dims, headDim)], -1), x.shape);
    }
    if (width !== headDim) throw new ShapeError(`rotary: expected heads of ${headDim} numbers, got [${x.shape.join(', ')}]`);
    if (rest === 0) return rotatePairs(x, cosine, sine, form);
    return concat([rotatePairs(slice(x, -1, 0, dims), cosine, sine, form), slice(x, -1, dims, headDim)], -1);
  };
};
