// int8 products whose activations have one fixed scale, found beforehand on example inputs. A row then depends on nothing but itself, and a product is two passes: one that rounds its
// input and one that multiplies, scales and adds the bias. `int8.ts` finds a scale for every row while it computes and needs five.
import { cast, defineOp, type Emit, matmul, mul, type Node, ShapeError, show } from '../../core/index.ts';
import { roundEven } from './int8.ts';

/** Largest and smallest value of every channel of an activation, over example inputs. */
export interface ActivationRange {
  readonly high: Float32Array;
  readonly low: Float32Array;
}

/** How an activation becomes uint8: round(x / (scale · channels)) + zero, held within [0, 255]. */
export interface StaticScale {
  readonly scale: number;
  readonly zero: number;
  /** Divisors of the channels, each ≥ 1; undefined: none. The weight's columns are multiplied by them. */
  readonly channels: Float32Array | undefined;
}

const most = 255;
const smallest = 1e-30;
/** Channels beyond this quantile of sizes are divided down to it. */
const ordinary = 0.99;
/** Dividing costs a pass: it is done where it narrows the range by at least this. */
const worthwhile = 1.25;

/**
 * Scale and zero point that hold a range. A few channels of an encoder are many times larger than the others (mostly those of [CLS]); they are divided down, and their weights multiplied
 * up, so that the others keep their resolution (SmoothQuant, arXiv:2211.10438, with a threshold in place of its exponent).
 */
export const staticScale = ({ high, low }: ActivationRange): StaticScale => {
  const sizes = Float32Array.from(high, (value, i) => Math.max(Math.abs(value), Math.abs(low[i]!)));
  const sorted = Float32Array.from(sizes).sort();
  const threshold = sorted[Math.floor((sizes.length - 1) * ordinary)]!;
  const channels = threshold > smallest && sorted.at(-1)! > worthwhile * threshold ? sizes.map((size) => Math.max(1, size / threshold)) : undefined;
  let [up, down] = [0, 0];
  for (let i = 0; i < sizes.length; i++) {
    const by = channels?.[i] ?? 1;
    up = Math.max(up, high[i]! / by);
    down = Math.max(down, -low[i]! / by);
  }
  const scale = Math.max(Math.fround((up + down) / most), smallest);
  return { scale, zero: Math.round(down / scale), channels };
};

interface Zero {
  readonly zero: number;
}
const zeroPoint = (emit: Emit, zero: number): string => emit.constant('uint8', [], [zero]);
const quantiseOp = defineOp<Zero>({
  name: 'quantiseStatic',
  infer: ([x]) => ({ shape: x!.shape, dtype: 'uint8' }),
  grad: () => [],
  lower: (emit, { attrs: { zero } }, [x, scale]) => emit.node('QuantizeLinear', [x!, scale!, zeroPoint(emit, zero)]),
  reference: ([x, scale], { zero }, shape) => ({
    shape,
    data: x!.data.map((value) => Math.min(most, Math.max(0, roundEven(value / scale!.data[0]!) + zero))),
  }),
});

const linearOp = defineOp<Zero>({
  name: 'int8Linear',
  infer: ([x, weight, scale, quantised, , , bias]) => {
    const [inner, out] = weight!.shape;
    const fits = weight!.dtype === 'int8' && weight!.shape.length === 2 && x!.shape.at(-1) === inner && scale!.shape[0] === out && quantised!.dtype === 'uint8';
    if (!fits || (bias && bias.shape[0] !== out))
      throw new ShapeError(
        `int8Linear: expected x [..., in], an int8 weight [in, out], scales [out] and a bias [out], got ${[x!, weight!, scale!, ...(bias ? [bias] : [])].map(show).join(', ')}; see quantiseInt8`,
      );
    return { shape: [...x!.shape.slice(0, -1), out!], dtype: 'float32' };
  },
  // Straight through the rounding, as int8Product; the weight was multiplied by what the channels of x were divided by.
  grad: ({ inputs: [, weight, scale, , , inverse, bias] }, d) => [
    mul(matmul(mul(d, scale!), cast(weight!, 'float32'), { transposeB: true }), inverse!),
    ...[1, 2, 3, 4, 5].map(() => undefined),
    ...(bias ? [d] : []),
  ],
  lower: (emit, { attrs: { zero } }, [, weight, scale, quantised, inputScale, , bias]) => {
    const inputs = [quantised!, weight!, inputScale!, scale!, zeroPoint(emit, zero), ...(bias ? ['', bias] : [])];
    return emit.node('MatMulIntegerToFloat', inputs, {}, 'com.microsoft');
  },
  reference: ([, weight, scale, quantised, inputScale, , bias], { zero }, shape) => {
    const [inner, out] = weight!.shape as readonly [number, number];
    const data = new Float64Array((quantised!.data.length / inner) * out);
    for (let at = 0; at < data.length; at++) {
      const [row, column] = [Math.floor(at / out), at % out];
      let sum = 0;
      for (let k = 0; k < inner; k++) sum += (quantised!.data[row * inner + k]! - zero) * weight!.data[k * out + column]!;
      data[at] = sum * scale!.data[column]! * inputScale!.data[0]! + (bias?.data[column] ?? 0);
    }
    return { shape, data };
  },
});

/**
 * Values as uint8 around a fixed zero point: round(x / scale) + zero, halves to even; what lies outside is held at the end of the range.
 *
 * @param scale  [] float32
 */
export const quantiseStatic = (x: Node, scale: Node, zero: number): Node => quantiseOp([x, scale], { zero });

/**
 * x W + b with whole numbers, exact in 32 bits, then scaled back. The gradient reaches x, past the rounding.
 *
 * @param x          [..., in] float32, before its channels were divided: what edits beside this linear see
 * @param weight     [in, out] int8, each within [-63, 63]
 * @param scale      [out] float32, of the weight
 * @param quantised  from `quantiseStatic` with `inputScale` and `zero`
 * @param inverse    [in] or [] float32: what the channels of x were multiplied by before they were rounded
 * @param bias       [out] float32
 */
export const int8Linear = (
  x: Node,
  weight: Node,
  scale: Node,
  { quantised, inputScale, inverse, zero }: { quantised: Node; inputScale: Node; inverse: Node; zero: number },
  bias?: Node,
): Node => linearOp([x, weight, scale, quantised, inputScale, inverse, ...(bias ? [bias] : [])], { zero });
