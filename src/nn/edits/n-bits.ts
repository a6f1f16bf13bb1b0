// Weight-only products: weights in blocks of 4 or 8 bits with a scale a block, activations as they are.
import { cast, concat, defineOp, floor, matmul, mul, type Node, reshape, ShapeError, show, slice, sub, unsqueeze } from '../../core/index.ts';

export interface NBitsAttrs {
  readonly bits: 4 | 8;
  /** Values that share a scale. */
  readonly block: number;
  readonly inner: number;
  readonly out: number;
  /** 'int8': activations are rounded too, block by block (largest size in the block / 127 a step), and products are of whole numbers: many times faster. Default 'float'. */
  readonly activations?: 'float' | 'int8';
}

const blocksOf = ({ inner, block }: NBitsAttrs): number => Math.ceil(inner / block);
const middleOf = (bits: 4 | 8): number => (bits === 4 ? 8 : 128);

const nBitsProductOp = defineOp<NBitsAttrs>({
  name: 'nBitsProduct',
  infer: ([x, weight, scales], attrs) => {
    const { bits, block, inner, out } = attrs;
    const blocks = blocksOf(attrs);
    const bytes = (block * bits) / 8;
    const fits =
      x!.shape.at(-1) === inner &&
      weight!.dtype === 'uint8' &&
      String(weight!.shape) === String([out, blocks, bytes]) &&
      String(scales!.shape) === String([out, blocks]);
    if (!fits)
      throw new ShapeError(
        `nBitsProduct: expected x [..., ${inner}], a uint8 weight [${out}, ${blocks}, ${bytes}] and scales [${out}, ${blocks}], got ${show(x!)}, ${show(weight!)}, ${show(scales!)}; see quantiseBlocks`,
      );
    return { shape: [...x!.shape.slice(0, -1), out], dtype: 'float32' };
  },
  grad: (node, d) => [matmul(d, dequantised(node))],
  lower: (emit, { attrs: { bits, block, inner, out, activations } }, inputs) =>
    emit.node('MatMulNBits', inputs, { K: inner, N: out, bits, block_size: block, ...(activations === 'int8' && { accuracy_level: 4 }) }, 'com.microsoft'),
  reference: ([x, weight, scales], attrs, shape) => {
    const { inner, out } = attrs;
    const w = dequantiseBlocks(Uint8Array.from(weight!.data), Float32Array.from(scales!.data), attrs);
    const rows = x!.data.length / inner;
    const seen = attrs.activations === 'int8' ? roundedBlocks(x!.data, attrs) : x!.data;
    const data = new Float64Array(rows * out);
    for (let r = 0; r < rows; r++)
      for (let o = 0; o < out; o++) {
        let sum = 0;
        for (let k = 0; k < inner; k++) sum += seen[r * inner + k]! * w[o * inner + k]!;
        data[r * out + o] = sum;
      }
    return { shape, data };
  },
});

/** Rows of activations as the kernel sees them: whole multiples of a step that each block has of its own. */
const roundedBlocks = (x: Float64Array, { inner, block }: NBitsAttrs): Float64Array => {
  const seen = new Float64Array(x.length);
  for (let row = 0; row < x.length; row += inner)
    for (let from = row; from < row + inner; from += block) {
      const to = Math.min(from + block, row + inner);
      const step = x.subarray(from, to).reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 127;
      for (let i = from; i < to; i++) seen[i] = step === 0 ? 0 : Math.round(x[i]! / step) * step;
    }
  return seen;
};

/** The weight [out, in] as floats, inside the graph. */
const dequantised = ({ inputs: [, weight, scales], attrs }: Node<NBitsAttrs>): Node => {
  const { bits, block, inner, out } = attrs;
  const blocks = blocksOf(attrs);
  const bytes = cast(weight!, 'float32');
  const values = bits === 8 ? bytes : reshape(nibbles(bytes), [out, blocks, block]);
  const scaled = mul(sub(values, middleOf(bits)), reshape(scales!, [out, blocks, 1]));
  return slice(reshape(scaled, [out, blocks * block]), 1, 0, inner);
};

/** [...] bytes → [..., 2] their lower and upper halves. */
const nibbles = (bytes: Node): Node => {
  const upper = floor(mul(bytes, 1 / 16));
  const axis = bytes.shape.length;
  return concat([unsqueeze(sub(bytes, mul(upper, 16)), axis), unsqueeze(upper, axis)], axis);
};

/**
 * x Wᵀ with the weight in blocks of few bits. The gradient reaches x. With an even number of rows a row's bits do not depend on the others (onnxruntime takes another kernel for a single row, and with 4 bits and several
 * threads for one left over beyond a multiple of 128).
 *
 * @param x       [..., in] float32
 * @param weight  [out, blocks, block · bits / 8] uint8: each value around 2^(bits-1), of two in a byte the first in the lower half
 * @param scales  [out, blocks] float32
 */
export const nBitsProduct = (x: Node, weight: Node, scales: Node, attrs: NBitsAttrs): Node => nBitsProductOp([x, weight, scales], attrs);

/**
 * A weight [out, in] in blocks along its rows; the last block of a row is filled up with zeros. The error of a value is at most half the scale with 8 bits (scale: largest size in the block / 127); with 4 bits
 * at most the scale (value of largest size / -8, so that this one is exact and only its opposite is cut).
 */
export const quantiseBlocks = (weight: Float32Array, attrs: NBitsAttrs): { values: Uint8Array; scales: Float32Array } => {
  const { bits, block, inner, out } = attrs;
  const blocks = blocksOf(attrs);
  const middle = middleOf(bits);
  const values = new Uint8Array((out * blocks * block * bits) / 8);
  const scales = new Float32Array(out * blocks);
  for (let at = 0; at < scales.length; at++) {
    const start = Math.floor(at / blocks) * inner + (at % blocks) * block;
    const part = weight.subarray(start, Math.min(start + block, (Math.floor(at / blocks) + 1) * inner));
    let most = 0;
    for (const value of part) if (Math.abs(value) > Math.abs(most)) most = value;
    const scale = most === 0 ? 1 : bits === 8 ? Math.abs(most) / 127 : most / -8;
    scales[at] = scale;
    for (let i = 0; i < block; i++) {
      const value = Math.max(0, Math.min(2 * middle - 1, Math.round((part[i] ?? 0) / scales[at]!) + middle));
      if (bits === 8) values[at * block + i] = value;
      else values[(at * block + i) >> 1]! |= value << (4 * (i % 2));
    }
  }
  return { values, scales };
};

/** What `quantiseBlocks` stands for, [out, in]. */
export const dequantiseBlocks = (values: Uint8Array, scales: Float32Array, attrs: NBitsAttrs): Float32Array => {
  const { bits, block, inner, out } = attrs;
  const blocks = blocksOf(attrs);
  const weight = new Float32Array(out * inner);
  for (let i = 0; i < weight.length; i++) {
    const [row, column] = [Math.floor(i / inner), i % inner];
    const at = row * blocks + Math.floor(column / block);
    const place = at * block + (column % block);
    const value = bits === 8 ? values[place]! : (values[place >> 1]! >> (4 * (place % 2))) & 15;
    weight[i] = (value - middleOf(bits)) * scales[at]!;
  }
  return weight;
};
