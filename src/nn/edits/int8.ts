// int8 products: activations quantised row by row to uint8 around 128, weights channel by channel to [-63, 63]. A pair of products then stays within 2 · 255 · 63 < 2^15, so that CPUs whose
// 8-bit instruction adds pairs in 16 bits (no VNNI) give the exact sum too.
import {
  type Axis,
  add,
  cast,
  constant,
  defineOp,
  type Emit,
  expand,
  matmul,
  mul,
  type Node,
  oneHot,
  reshape,
  type Shape,
  ShapeError,
  show,
  sizeOf,
  type Tensor,
} from '../../core/index.ts';

/** Largest weight after quantisation: the first is exact on every CPU, the second where 8-bit products are added in 32 bits (VNNI). */
export type WeightMost = 63 | 127;
const activationMost = 127;
const middle = 128;
const smallest = 1e-30; // scale of a row of zeros

const asRows = (op: string, x: Node): void => {
  if (x.shape.length !== 2) throw new ShapeError(`${op}: expected rows [rows, width], got ${show(x)}; reshape it`);
};

/** Which way is the quicker to find the largest sizes: of few rows the one of fewer kernels, of many the one that only reads. */
export type RowCount = 'few' | 'many';

const rowScaleOp = defineOp<RowCount>({
  name: 'rowScale',
  infer: ([x]) => {
    asRows('rowScale', x!);
    return { shape: [x!.shape[0]!, 1], dtype: 'float32' };
  },
  grad: () => [],
  lower: (emit, { attrs: rows }, [x]) => {
    const over = (reduce: 'ReduceMax' | 'ReduceMin', of: string): string => emit.node(reduce, [of, emit.constant('int64', [1], [-1])], { keepdims: 1 });
    const step = emit.constant('float32', [], [1 / activationMost]);
    const least = emit.constant('float32', [], [smallest]);
    if (rows === 'few') return emit.node('Max', [emit.node('Mul', [over('ReduceMax', emit.node('Abs', [x!])), step]), least]);
    const low = emit.node('Mul', [over('ReduceMin', x!), emit.constant('float32', [], [-1 / activationMost])]);
    return emit.node('Max', [emit.node('Mul', [over('ReduceMax', x!), step]), low, least]);
  },
  reference: ([x], _, shape) => {
    const width = x!.shape.at(-1)!;
    const rows = x!.data.length / width;
    return {
      shape,
      data: Float64Array.from({ length: rows }, (_, r) =>
        Math.max(x!.data.subarray(r * width, (r + 1) * width).reduce((most, value) => Math.max(most, Math.abs(value)), 0) / activationMost, smallest),
      ),
    };
  },
});

/** A value as rows, and rows as the value they were. */
export const flat = (emit: Emit, x: string, shape: Shape): string =>
  shape.length === 2 ? x : emit.node('Reshape', [x, emit.shape([sizeOf(shape.slice(0, -1)), shape.at(-1)!])], { allowzero: 1 });
export const back = (emit: Emit, x: string, shape: Shape): string => (shape.length === 2 ? x : emit.node('Reshape', [x, emit.shape(shape)], { allowzero: 1 }));

export const roundEven = (value: number): number => {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below;
};

const quantiseRowsOp = defineOp<undefined>({
  name: 'quantiseRows',
  infer: ([x]) => {
    asRows('quantiseRows', x!);
    return { shape: x!.shape, dtype: 'uint8' };
  },
  grad: () => [],
  lower: (emit, { shape }, [x, scale, middles]) =>
    emit.node('QuantizeLinear', [x!, emit.node('Reshape', [scale!, emit.shape([shape[0]!])], { allowzero: 1 }), middles!], { axis: 0 }),
  reference: ([x, scale], _, shape) => {
    const width = shape.at(-1)!;
    return { shape, data: x!.data.map((value, i) => Math.min(255, Math.max(0, roundEven(value / scale!.data[Math.floor(i / width)]!) + middle))) };
  },
});

interface Int8Product {
  /** Which further inputs there are, in this order: the inverse of the channels' divisors; the numbers of the channels that are multiplied as floats, and their weight; the weight as the gradient reads it, and its scales where it is rounded. */
  readonly more: readonly ('inverse' | 'channels' | 'weights' | 'back' | 'backScale')[];
}

/** Its further inputs by their names. */
const named = <T>({ more }: Int8Product, inputs: readonly (T | undefined)[]): Partial<Record<Int8Product['more'][number], T>> =>
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
    const [x, weight, scale] = inputs as readonly [Node, Node, Node];
    const { inverse, channels, weights, back, backScale } = named(attrs, inputs);
    if (back) return [backScale ? productOf(d, back, backScale) : matmul(d, back)];
    const through = matmul(mul(d, scale), cast(weight, 'float32'), { transposeB: true });
    const whole = inverse ? mul(through, inverse) : through;
    return [channels ? add(whole, matmul(matmul(d, weights!, { transposeB: true }), oneHot(channels, x.shape.at(-1)!))) : whole];
  },
  lower: (emit, { shape, inputs: [x], attrs }, inputs) => {
    const [values, weight, scale, quantised, rowScale] = inputs as readonly [string, string, string, string, string];
    const { channels, weights } = named(attrs, inputs);
    const product = emit.node(
      'MatMulIntegerToFloat',
      [quantised, weight, emit.constant('float32', [], [1]), scale, emit.constant('uint8', [], [middle])],
      {},
      'com.microsoft',
    );
    const scaled = back(emit, emit.node('Mul', [product, rowScale]), shape);
    if (channels === undefined) return scaled;
    return emit.node('Add', [scaled, emit.node('MatMul', [emit.node('Gather', [values, channels], { axis: x!.shape.length - 1 }), weights!])]);
  },
  reference: (inputs, attrs, shape) => {
    const [x, weight, scale, quantised, rowScale] = inputs as readonly [Tensor, Tensor, Tensor, Tensor, Tensor];
    const { channels, weights } = named(attrs, inputs);
    const [inner, out] = weight.shape as readonly [number, number];
    const data = new Float64Array((quantised.data.length / inner) * out);
    for (let i = 0; i < data.length; i++) {
      const [row, column] = [Math.floor(i / out), i % out];
      let sum = 0;
      for (let k = 0; k < inner; k++) sum += (quantised.data[row * inner + k]! - middle) * weight.data[k * out + column]!;
      data[i] = sum * scale.data[column]! * rowScale.data[row]!;
      for (const [at, channel] of (channels?.data ?? []).entries()) data[i]! += x.data[row * inner + channel]! * weights!.data[at * out + column]!;
    }
    return { shape, data } satisfies Tensor;
  },
});

/** Scale of every row: largest size / 127. @param x [rows, width] @returns [rows, 1] */
export const rowScale = (x: Node, rows: RowCount = 'few'): Node => rowScaleOp([x], rows);

/** 128 for every row: where zero lies in `quantiseRows`. One for all inputs that have as many rows. @returns [rows] uint8 */
export const rowMiddles = (rows: Axis): Node => expand(constant(middle, [1], 'uint8'), [rows]);

/** Rows as uint8 around 128: round(x / scale) + 128, halves to even. @param x [rows, width] @param scale [rows, 1] @param middles see `rowMiddles` */
export const quantiseRows = (x: Node, scale: Node, middles: Node = rowMiddles(x.shape[0]!)): Node => quantiseRowsOp([x, scale, middles], undefined);

/** A row's worth of activations as whole numbers. */
export interface Int8Rows {
  /** [rows, in] uint8, from `quantiseRows` with `scale`. */
  readonly quantised: Node;
  /** [rows, 1] */
  readonly scale: Node;
  /** [in]: what the channels were multiplied by before they were rounded. Default: nothing. */
  readonly inverse?: Node | undefined;
  /** Channels that are multiplied as floats: their numbers [some] int64, and their weight [some, out]. They are 0 in `quantised`. */
  readonly apart?: { readonly channels: Node; readonly weights: Node } | undefined;
  /** The weight for the way back, [out, in]: the float one, or rounded to int8 with its scales [in], and then the gradient is a product of whole numbers too. Either way without divisors and channels apart. */
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
export const int8Product = (x: Node, weight: Node, scale: Node, { quantised, scale: rowScale, inverse, apart, wayBack }: Int8Rows): Node => {
  const more = Object.entries({ inverse, ...apart, ...wayBack }).filter((entry): entry is [Int8Product['more'][number], Node] => entry[1] !== undefined);
  return int8ProductOp([x, weight, scale, quantised, rowScale, ...more.map(([, node]) => node)], { more: more.map(([name]) => name) });
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
  const rows = reshape(x, [sizeOf(x.shape.slice(0, -1)), x.shape.at(-1)!]);
  const own = rowScale(rows, 'many');
  return int8Product(x, weight, scale, { quantised: quantiseRows(rows, own), scale: own });
};
