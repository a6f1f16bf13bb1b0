// The ops that this room defines, one row an op and variant, in the form of the core's table: the laws and the comparison with onnxruntime run over it.
import { constant, type Dtype, matmul, mul, type Node } from '../../core/index.ts';
import { caseTensor, flat, m, type OpCase, smooth } from '../../core/testing/op-cases.ts';
import {
  dequantiseBlocks,
  int8Linear,
  int8Product,
  type NBitsAttrs,
  nBitsProduct,
  quantiseBlocks,
  quantiseInt8,
  quantiseRows,
  quantiseStatic,
  rowScale,
} from '../edits/index.ts';
import { type Int8Rows, quantiseBack, type RowCount } from '../edits/int8.ts';
import { type GroupedAttention, groupedAttention } from '../grouped-attention.ts';

const fixed = (shape: readonly number[], data: ArrayLike<number>, dtype: Dtype = 'float32'): Node => constant(Array.from(data), shape, dtype);
const weightOf = (out: number, inner: number): Float32Array => Float32Array.from(caseTensor([out, inner], 5).data);

/** Result and gradient are those of another graph, up to the rounding. */
const rounded = (
  name: string,
  inputs: OpCase['inputs'],
  build: OpCase['build'],
  standsFor: NonNullable<OpCase['standsFor']>,
  within: NonNullable<OpCase['within']>,
): OpCase => ({ ...flat(name, inputs, build), standsFor, within });

/** onnxruntime's kernel takes one text, or one new token of each of several. */
const attention = (name: string, { batch, seq, held }: { batch: number | string; seq: number | string; held: readonly number[] }, more: Partial<GroupedAttention> = {}) => {
  const [heads, kvHeads, headDim] = [4, 2, 8];
  const cache = m(batch, kvHeads, 'width', headDim);
  return smooth(
    name,
    [m(batch, seq, heads * headDim), m(batch, seq, kvHeads * headDim), m(batch, seq, kvHeads * headDim), cache, cache, { shape: [batch], dtype: 'int64', data: held }],
    (q, k, v, keys, values, counts) => groupedAttention(q!, k!, v!, { keys: keys!, values: values!, counts: counts! }, { heads, kvHeads, scale: 0.4, ...more }),
  );
}; // biome-ignore format: one line a case
const attentions: OpCase[] = [
  attention('groupedAttention', { batch: 1, seq: 'seq', held: [3] }),
  attention('groupedAttention without a cache', { batch: 1, seq: 'seq', held: [0] }),
  attention('groupedAttention in a window', { batch: 1, seq: 'seq', held: [4] }, { window: 2 }),
  attention('groupedAttention in parts', { batch: 1, seq: 4, held: [2] }, { parts: 2 }),
  attention('groupedAttention of one new token of each text', { batch: 'batch', seq: 1, held: [1, 4] }),
];

const blocks = (bits: 4 | 8, inner: number, activations?: 'int8'): OpCase => {
  const attrs: NBitsAttrs = { bits, block: 16, inner, out: 6, ...(activations && { activations }) };
  const { values, scales } = quantiseBlocks(weightOf(6, inner), attrs);
  const count = Math.ceil(inner / 16);
  const name = `nBitsProduct of ${bits} bits, ${inner} columns${activations ? ', activations rounded' : ''}`;
  const product = (x?: Node) => nBitsProduct(x!, fixed([6, count, (16 * bits) / 8], values, 'uint8'), fixed([6, count], scales), attrs);
  if (!activations) return smooth(name, [m('batch', 'seq', inner)], product);
  const float = fixed([6, inner], dequantiseBlocks(values, scales, attrs));
  const within = { result: 0.1, gradient: 1e-6 }; // the float weight is in float32
  return { ...rounded(name, [m('batch', 'seq', inner)], product, (x) => matmul(x!, float, { transposeB: true }), within), deviceRounds: 'freely' };
};
const weightOnly: OpCase[] = [blocks(8, 32), blocks(4, 32), blocks(4, 40), blocks(8, 16, 'int8'), blocks(4, 32, 'int8')];

const [inner, out] = [12, 5];
const float = weightOf(out, inner);
const int8 = quantiseInt8(float, out, inner);
const [values, scales] = [fixed([inner, out], int8.values, 'int8'), fixed([out], int8.scales)];
/** The weight [in, out] that the whole numbers stand for. */
const dequantised = fixed(
  [inner, out],
  Array.from(int8.values, (value, i) => value * int8.scales[i % out]!),
);
const back = quantiseBack(float, inner);
const inverse = fixed(
  [inner],
  Array.from({ length: inner }, (_, i) => 1 / (1 + (i % 3))),
);

const product = (x: Node, { factors, rows, ...more }: Partial<Omit<Int8Rows, 'quantised' | 'scale'>> & { factors?: Node; rows?: RowCount } = {}): Node => {
  const seen = factors ? mul(x, factors) : x;
  const scale = rowScale(seen, rows);
  return int8Product(x, values, scales, { quantised: quantiseRows(seen, scale), scale, ...more });
};
const bound = { result: 0.15, gradient: 1e-12 };
const wholeNumbers: OpCase[] = [
  ...(['few', 'many'] as const).flatMap((rows) => [
    flat(`rowScale of ${rows} rows`, [m('batch', 'seq', inner)], (x) => rowScale(x!, rows)),
    rounded(`int8Product of ${rows} rows`, [m('batch', inner)], (x) => product(x!, { rows }), (x) => matmul(x!, dequantised), bound),
  ]),
  rounded('int8Product of divided channels', [m('batch', inner)], (x) => product(x!, { inverse, factors: inverse }), (x) => matmul(mul(x!, inverse), dequantised), bound),
  rounded('int8Product, back through floats', [m('batch', inner)], (x) => product(x!, { wayBack: { back: fixed([out, inner], float) } }), (x) => matmul(x!, fixed([out, inner], float), { transposeB: true }), bound),
  rounded(
    'int8Product, back through whole numbers',
    [m('batch', inner)],
    (x) => product(x!, { wayBack: { back: fixed([out, inner], back.values, 'int8'), backScale: fixed([inner], back.scales) } }),
    (x) => matmul(x!, fixed([out, inner], float), { transposeB: true }),
    { result: 0.15, gradient: 0.1 },
  ),
  flat('quantiseRows', [m('batch', 'seq', inner)], (x) => quantiseRows(x!, rowScale(x!))),
  flat('quantiseRows with zeros', [{ shape: [2, 3], data: [0, 0, 0, 1, -3, 2] }], (x) => quantiseRows(x!, rowScale(x!))),
]; // biome-ignore format: one line a case

const step = 3 / 255; // the values of a case lie within ±1.5
const static8 = (x: Node, factors: Node, bias?: Node): Node => {
  const inputScale = constant(step);
  return int8Linear(x, values, scales, { quantised: quantiseStatic(mul(x, factors), inputScale, 128), inputScale, inverse: factors, zero: 128 }, bias);
};
const fixedScales: OpCase[] = [
  flat('quantiseStatic', [m('batch', inner)], (x) => quantiseStatic(x!, constant(step), 128)),
  flat('quantiseStatic held at the ends of its range', [m('batch', inner)], (x) => quantiseStatic(x!, constant(step / 2), 100)),
  rounded('int8Linear', [m('batch', 'seq', inner)], (x) => static8(x!, constant(1)), (x) => matmul(x!, dequantised), bound),
  rounded('int8Linear of divided channels', [m('batch', inner)], (x) => static8(x!, inverse), (x) => matmul(mul(x!, inverse), dequantised), bound),
]; // biome-ignore format: one line a case

export const nnOpCases: readonly OpCase[] = [...attentions, ...weightOnly, ...wholeNumbers, ...fixedScales];
