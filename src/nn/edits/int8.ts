// int8 products: activations quantised row by row to uint8 around 128, weights channel by channel to [-63, 63]. A pair of products then stays within 2 · 255 · 63 < 2^15, so that CPUs whose
// 8-bit instruction adds pairs in 16 bits (no VNNI) give the exact sum too.
import { cast, constant, defineOp, expand, matmul, mul, type Node, type Shape, ShapeError, show, type Tensor } from '../../core/index.ts';

/** Largest weight after quantisation: the first is exact on every CPU, the second where 8-bit products are added in 32 bits (VNNI). */
export type WeightMost = 63 | 127;
const activationMost = 127;
const middle = 128;

/** Which kernels are the quicker: of few rows the fewest, of many those that touch each number least. */
export type RowCount = 'few' | 'many';

const rowScaleOp = defineOp<RowCount>({
  name: 'rowScale',
  infer: ([x]) => ({ shape: [...x!.shape.slice(0, -1), 1], dtype: 'float32' }),
  grad: () => [],
  lower: (emit, { attrs: rows }, [x]) => {
    const over = (reduce: 'ReduceMax' | 'ReduceMin', of: string): string => emit.node(reduce, [of, emit.constant('int64', [1], [-1])], { keepdims: 1 });
    const step = emit.constant('float32', [], [1 / activationMost]);
    if (rows === 'few') return emit.node('Mul', [over('ReduceMax', emit.node('Abs', [x!])), step]);
    const low = emit.node('Mul', [over('ReduceMin', x!), emit.constant('float32', [], [-1 / activationMost])]);
    return emit.node('Max', [emit.node('Mul', [over('ReduceMax', x!), step]), low]);
  },
  reference: ([x], _, shape) => {
    const width = x!.shape.at(-1)!;
    const rows = x!.data.length / width;
    return {
      shape,
      data: Float64Array.from(
        { length: rows },
        (_, r) => x!.data.subarray(r * width, (r + 1) * width).reduce((most, value) => Math.max(most, Math.abs(value)), 0) / activationMost,
      ),
    };
  },
});

export const roundEven = (value: number): number => {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below;
};

const quantiseRowsOp = defineOp<undefined>({
  name: 'quantiseRows',
  infer: ([x]) => ({ shape: x!.shape, dtype: 'uint8' }),
  grad: () => [],
  lower: (emit, { shape }, [x, scale, middles]) =>
    emit.node('QuantizeLinear', [x!, scale!, middles!], { axis: shape.length - 1, block_size: shape.at(-1) as number }),
  reference: ([x, scale], _, shape) => {
    const width = shape.at(-1)!;
    const of = (value: number, by: number): number => (by === 0 ? 0 : Math.min(255, Math.max(0, roundEven(value / by) + middle)));
    return { shape, data: x!.data.map((value, i) => of(value, scale!.data[Math.floor(i / width)]!)) };
  },
});

interface Int8Product {
  /** Which further inputs there are, in this order: the inverse of the channels' divisors; the weight as the gradient reads it, and its scales where it is rounded. */
  readonly more: readonly ('inverse' | 'back' | 'backScale')[];
  /** Whether rows are left without their scales: whoever reads the product multiplies them in. */
  readonly unscaled?: boolean;
}

/** Its further inputs by their names. */
const named = <T>({ more }: Pick<Int8Product, 'more'>, inputs: readonly (T | undefined)[]): Partial<Record<Int8Product['more'][number], T>> =>
  Object.fromEntries(more.map((name, i) => [name, inputs[5 + i]]));

const int8ProductOp = defineOp<Int8Product>({
  name: 'int8Product',
  infer: ([x, weight, scale, quantised]) => {
    const [inner, out] = weight!.shape;
    if (weight!.dtype !== 'int8' || weight!.shape.length !== 2 || x!.shape.at(-1) !== inner || scale!.shape[0] !== out || quantised!.dtype !== 'uint8')
      throw new ShapeError(
        `int8Product: expected x [..., in], an int8 weight [in, out] and scales [out], got ${show(x!)}, ${show(weight!)}, ${show(scale!)}; see quantiseInt8`,
      );
    return { shape: [...x!.shape.slice(0, -1), out!], dtype: 'float32' };
  },
  // Straight through the rounding: dX = (dY · scale) Wᵀ. The scale of a channel goes into the gradient, so that the weight is read as it is stored; a weight made for the way back has scales of its own.
  grad: ({ inputs, attrs }, d) => {
    const [, weight, scale] = inputs as readonly [Node, Node, Node];
    const { inverse, back, backScale } = named(attrs, inputs);
    if (back) return [backScale ? productOf(d, back, backScale) : matmul(d, back)];
    const through = matmul(mul(d, scale), cast(weight, 'float32'), { transposeB: true });
    return [inverse ? mul(through, inverse) : through];
  },
  lower: (emit, { attrs: { unscaled } }, [, weight, scale, quantised, rowScale]) => {
    const product = emit.node(
      'MatMulIntegerToFloat',
      [quantised!, weight!, emit.constant('float32', [], [1]), scale!, emit.constant('uint8', [], [middle])],
      {},
      'com.microsoft',
    );
    return unscaled ? product : emit.node('Mul', [product, rowScale!]);
  },
  reference: (inputs, { unscaled }, shape) => {
    const [, weight, scale, quantised, rowScale] = inputs as readonly [Tensor, Tensor, Tensor, Tensor, Tensor];
    const [inner, out] = weight.shape as readonly [number, number];
    const data = new Float64Array((quantised.data.length / inner) * out);
    for (let i = 0; i < data.length; i++) {
      const [row, column] = [Math.floor(i / out), i % out];
      let sum = 0;
      for (let k = 0; k < inner; k++) sum += (quantised.data[row * inner + k]! - middle) * weight.data[k * out + column]!;
      data[i] = sum * scale.data[column]! * (unscaled ? 1 : rowScale.data[row]!);
    }
    return { shape, data } satisfies Tensor;
  },
});

/** Scale of every row: largest size / 127; 0 of a row of zeros. @param x [..., width] @returns [..., 1] */
export const rowScale = (x: Node, rows: RowCount = 'few'): Node => rowScaleOp([x], rows);

/** 128 for every row: where zero lies in `quantiseRows`. One for all inputs that have the same rows. @param rows [...] @returns [..., 1] uint8 */
export const rowMiddles = (rows: Shape): Node => expand(constant(middle, [1], 'uint8'), [...rows, 1]);

/** Rows as uint8 around 128: round(x / scale) + 128, halves to even; any numbers where the scale is 0. @param x [..., width] @param scale [..., 1] @param middles see `rowMiddles` */
export const quantiseRows = (x: Node, scale: Node, middles: Node = rowMiddles(x.shape.slice(0, -1))): Node => quantiseRowsOp([x, scale, middles], undefined);

/** A row's worth of activations as whole numbers. */
export interface Int8Rows {
  /** [..., in] uint8, from `quantiseRows` with `scale`. */
  readonly quantised: Node;
  /** [..., 1] */
  readonly scale: Node;
  /** [in]: what the channels were multiplied by before they were rounded. Default: nothing. */
  readonly inverse?: Node | undefined;
  /** The weight for the way back, [out, in]: the float one, or rounded to int8 with its scales [in], and then the gradient is a product of whole numbers too. Either way without divisors. */
  readonly wayBack?: { readonly back: Node; readonly backScale?: Node } | undefined;
}

/**
 * x W with whole numbers, exact in 32 bits, then scaled back. The gradient reaches x, past the rounding.
 *
 * @param x       [..., in] float32, before its channels were divided: what edits beside this product see
 * @param weight  [in, out] int8
 * @param scale   [out] float32
 * @param rows    x as whole numbers
 */
export const int8Product = (x: Node, weight: Node, scale: Node, { quantised, scale: rowScale, inverse, wayBack }: Int8Rows): Node => {
  const more = Object.entries({ inverse, ...wayBack }).filter((entry): entry is [Int8Product['more'][number], Node] => entry[1] !== undefined);
  return int8ProductOp([x, weight, scale, quantised, rowScale, ...more.map(([, node]) => node)], { more: more.map(([name]) => name) });
};

/** The same product [..., out] in two: its channels multiplied by `factors` [out], its rows without their scales; and these, [..., 1]. For results alone, not for gradients. */
export const inTwo = (product: Node, factors: Node): { readonly unscaled: Node; readonly scale: Node } => {
  const { inputs, attrs } = product as Node<Int8Product>;
  return {
    unscaled: { ...product, inputs: inputs.with(2, mul(inputs[2]!, factors)), attrs: { ...attrs, unscaled: true } satisfies Int8Product },
    scale: inputs[4]!,
  };
};

const wholes = 1.5 * 2 ** 52; // added and taken away again, it rounds to a whole number, halves to even
const tile = 64;

export interface Int8Weight {
  readonly values: Int8Array;
  readonly scales: Float32Array;
}

/**
 * A weight [out, in] as int8 [in, out] with a scale for every output channel; the error of a value is at most half its scale (largest size in the channel / `weightMost`, default 63).
 *
 * @param factors  [in]: what its columns are multiplied by first
 */
export const quantiseInt8 = (weight: Float32Array, out: number, inner: number, weightMost: WeightMost = 63, factors?: Float32Array): Int8Weight => {
  const turned = new Int8Array(weight.length);
  const scales = new Float32Array(out);
  const row = new Float32Array(inner);
  for (let o = 0; o < out; o++) {
    const from = o * inner;
    let most = 0;
    for (let i = 0; i < inner; i++) {
      row[i] = factors ? weight[from + i]! * factors[i]! : weight[from + i]!;
      most = Math.max(most, Math.abs(row[i]!));
    }
    scales[o] = most === 0 ? 1 : most / weightMost;
    const scale = scales[o]!;
    for (let i = 0; i < inner; i++) turned[from + i] = Math.max(-weightMost, Math.min(weightMost, row[i]! / scale + wholes - wholes));
  }
  return { values: turn(turned, out, inner), scales };
};

/** [rows, columns] → [columns, rows], a tile at a time so that both stay near. */
const turn = (values: Int8Array, rows: number, columns: number): Int8Array => {
  const turned = new Int8Array(values.length);
  for (let r0 = 0; r0 < rows; r0 += tile)
    for (let c0 = 0; c0 < columns; c0 += tile) {
      const [rEnd, cEnd] = [Math.min(r0 + tile, rows), Math.min(c0 + tile, columns)];
      for (let c = c0; c < cEnd; c++) for (let r = r0; r < rEnd; r++) turned[c * rows + r] = values[r * columns + c]!;
    }
  return turned;
};

/** A weight [out, in] as int8 [out, in] with a scale for every input channel: what the gradient of its product is multiplied with. As `quantiseInt8` otherwise. */
export const quantiseBack = (weight: Float32Array, inner: number, weightMost: WeightMost = 63): Int8Weight => {
  const scales = new Float32Array(inner);
  for (let from = 0; from < weight.length; from += inner) for (let i = 0; i < inner; i++) scales[i] = Math.max(scales[i]!, Math.abs(weight[from + i]!));
  for (let i = 0; i < inner; i++) scales[i] = scales[i] === 0 ? 1 : scales[i]! / weightMost;
  const values = new Int8Array(weight.length);
  for (let from = 0; from < weight.length; from += inner)
    for (let i = 0; i < inner; i++) values[from + i] = Math.max(-weightMost, Math.min(weightMost, weight[from + i]! / scales[i]! + wholes - wholes));
  return { values, scales };
};

/** x W with whole numbers, x rounded row by row. @param x [..., in] @param weight [in, out] int8 @param scale [out] */
const productOf = (x: Node, weight: Node, scale: Node): Node => {
  const own = rowScale(x, 'many');
  return int8Product(x, weight, scale, { quantised: quantiseRows(x, own), scale: own });
};
