// One row an op and variant: the laws of the core and the comparison with onnxruntime both run over this table.

import * as ops from '../index.ts';
import { type Dtype, input, type Node, type Tensor, tensor } from '../index.ts';

/** What a case feeds one of its inputs. */
export interface CaseInput {
  readonly shape: readonly (number | string)[];
  readonly dtype?: Dtype;
  /** Range the random values are drawn from; integers for integer dtypes, upper end excluded. */
  readonly range?: readonly [number, number];
  /** Values as they are, instead of random ones. */
  readonly data?: readonly number[];
}

export interface OpCase {
  readonly name: string;
  readonly inputs: readonly CaseInput[];
  readonly build: (...inputs: Node[]) => Node;
  /** Laws of the gradient hold only where the result is smooth and a float. */
  readonly smooth: boolean;
  /** What a result that rounds stands for, as a smooth graph of the same inputs: its gradients are that graph's, up to `within.gradient`. */
  readonly standsFor?: (...inputs: Node[]) => Node;
  /** How far the result and its gradients are from those of `standsFor`, at most. */
  readonly within?: { readonly result: number; readonly gradient: number };
  /** A device may leave the rounding out: its result is then only within `within.result` of the reference. */
  readonly deviceRounds?: 'freely';
}

/** Lengths of the axis names that cases use. */
export const caseLengths: Readonly<Record<string, number>> = { batch: 2, seq: 3, width: 4 };

export const smooth = (name: string, inputs: readonly CaseInput[], build: (...inputs: Node[]) => Node): OpCase => ({ name, inputs, build, smooth: true });
export const flat = (name: string, inputs: readonly CaseInput[], build: (...inputs: Node[]) => Node): OpCase => ({ name, inputs, build, smooth: false });

export const m = (...shape: (number | string)[]): CaseInput => ({ shape });
const positive = (...shape: (number | string)[]): CaseInput => ({ shape, range: [0.5, 2] });
const indices = (length: number, ...shape: (number | string)[]): CaseInput => ({ shape, dtype: 'int64', range: [0, length] });
const truth = (...shape: (number | string)[]): CaseInput => ({ shape, dtype: 'bool', range: [0, 2] });

const binaries = { add: ops.add, sub: ops.sub, mul: ops.mul, div: ops.div, maximum: ops.maximum, minimum: ops.minimum };
const unaries = {
  neg: ops.neg,
  exp: ops.exp,
  tanh: ops.tanh,
  sigmoid: ops.sigmoid,
  relu: ops.relu,
  erf: ops.erf,
  gelu: ops.gelu,
  silu: ops.silu,
  geluSlope: ops.geluSlope,
  sin: ops.sin,
  cos: ops.cos,
  abs: ops.abs,
  square: ops.square,
};
const ofPositive = { log: ops.log, sqrt: ops.sqrt, reciprocal: ops.reciprocal };
const comparisons = { equal: ops.equal, less: ops.less, greater: ops.greater, lessOrEqual: ops.lessOrEqual, greaterOrEqual: ops.greaterOrEqual };

const pointwise: OpCase[] = [
  ...Object.entries(binaries).flatMap(([name, op]) => [
    smooth(name, [positive('batch', 4), positive('batch', 4)], (a, b) => op(a!, b!)),
    smooth(`${name} broadcast right`, [positive('batch', 3, 4), positive(4)], (a, b) => op(a!, b!)),
    smooth(`${name} broadcast both`, [positive(2, 1, 'width'), positive('seq', 1)], (a, b) => op(a!, b!)),
    smooth(`${name} scalar`, [positive(3, 2)], (a) => op(op(a!, 1.7), op(0.3, a!))),
    smooth(`${name} with itself`, [positive(3, 2)], (a) => op(a!, ops.square(a!))),
  ]),
  ...Object.entries(unaries).map(([name, op]) => smooth(name, [m('batch', 3)], (x) => op(x!))),
  ...Object.entries(unaries).map(([name, op]) => smooth(`${name} of a scalar`, [m()], (x) => op(x!))),
  ...Object.entries(ofPositive).map(([name, op]) => smooth(name, [positive('batch', 3)], (x) => op(x!))),
  ...[-1.5, 0.5, 2, 3].map((exponent) => smooth(`pow ${exponent}`, [positive(2, 3)], (x) => ops.pow(x!, exponent))),
  flat('sign', [m('batch', 3)], (x) => ops.sign(x!)),
  flat('floor', [m('batch', 3)], (x) => ops.floor(ops.mul(x!, 3))),
  flat('add int64', [indices(9, 'batch', 3), indices(9, 3)], (a, b) => ops.add(ops.mul(a!, b!), 2)),
  flat('square of int64', [indices(9, 3)], (x) => ops.square(ops.neg(x!))),
];

const choice: OpCase[] = [
  ...Object.entries(comparisons).flatMap(([name, op]) => [
    flat(name, [indices(3, 'batch', 4), indices(3, 'batch', 4)], (a, b) => op(a!, b!)),
    flat(`${name} of floats`, [m('batch', 4), m(4)], (a, b) => op(a!, b!)),
    flat(`${name} of a number`, [m(5)], (a) => op(a!, 0.25)),
  ]),
  flat('logicalAnd', [truth('batch', 4), truth(4)], (a, b) => ops.logicalAnd(a!, b!)),
  flat('logicalOr', [truth('batch', 4), truth(4)], (a, b) => ops.logicalOr(a!, b!)),
  flat('logicalNot', [truth('batch', 4)], (a) => ops.logicalNot(a!)),
  smooth('where', [truth(3, 4), m(3, 4), m(3, 4)], (c, a, b) => ops.where(c!, a!, b!)),
  smooth('where broadcast', [truth('seq', 1), m(4), m(1, 4)], (c, a, b) => ops.where(c!, a!, b!)),
  smooth('where number', [truth('batch', 4), m('batch', 4)], (c, a) => ops.where(c!, a!, -3)),
  flat('cast float to int64', [m(3, 4)], (x) => ops.cast(ops.mul(x!, 5), 'int64')),
  flat('cast int64 to float', [indices(9, 'batch')], (x) => ops.cast(x!, 'float32')),
  flat('cast bool to float', [truth('batch', 3)], (x) => ops.cast(x!, 'float32')),
  flat('cast int64 to uint32', [indices(1000, 4)], (x) => ops.cast(ops.cast(x!, 'uint32'), 'int64')),
  flat('cast to bool', [indices(3, 8)], (x) => ops.cast(x!, 'bool')),
  flat('stopGradient', [m(3)], (x) => ops.stopGradient(x!)),
  smooth('beside stopGradient', [m(3), m(3)], (x, y) => ops.mul(x!, ops.stopGradient(ops.cast(ops.greater(y!, 0), 'float32')))),
];

const leaves: OpCase[] = [
  flat('constant', [m(2)], (x) => ops.add(x!, ops.constant([0.5, -2]))),
  flat('constant int64', [indices(5, 3)], (x) => ops.add(x!, ops.constant([1, 2, -3], [3], 'int64'))),
  flat('iota', [m('batch', 3)], (x) => ops.add(x!, ops.unsqueeze(ops.iota('batch', 'float32'), 1))),
  flat('iota int64', [indices(4, 'seq')], (x) => ops.add(x!, ops.iota('seq'))),
  smooth('axisLength', [m('batch', 'seq')], (x) => ops.div(x!, ops.axisLength(ops.multiplyAxes('batch', 'seq')))),
];

const reductions: OpCase[] = [
  ...Object.entries({ sum: ops.sum, mean: ops.mean, max: ops.max }).flatMap(([name, op]) => [
    smooth(`${name} last`, [m('batch', 4)], (x) => op(x!, -1)),
    smooth(`${name} first`, [m('batch', 4)], (x) => op(x!, 0)),
    smooth(`${name} all`, [m('batch', 'seq')], (x) => op(x!, [0, 1])),
    smooth(`${name} middle kept`, [m(2, 'seq', 3)], (x) => op(x!, [1], { keepDims: true })),
    smooth(`${name} outer`, [m(2, 3, 4)], (x) => op(x!, [2, 0])),
  ]),
  smooth('logSumExp', [m('batch', 4)], (x) => ops.logSumExp(x!, -1)),
  smooth('logSumExp first kept', [m('batch', 4)], (x) => ops.logSumExp(x!, 0, { keepDims: true })),
  flat('logSumExp of large numbers', [{ shape: [2, 2], data: [1000, 1001, -1000, -1001] }], (x) => ops.logSumExp(x!, 1)),
  smooth('logSumExp of masked', [{ shape: [2, 3], data: [0.3, -1e9, 0.1, -1e9, -1e9, 0.5] }], (x) => ops.logSumExp(x!, 1)),
  flat('argmax', [m('batch', 5)], (x) => ops.argmax(x!, 1)),
  flat('argmax first, with ties', [{ shape: [3, 2], data: [1, 2, 1, 2, 0, 2] }], (x) => ops.argmax(x!, 0)),
  smooth('cumsum', [m('batch', 4)], (x) => ops.cumsum(x!, 1)),
  smooth('cumsum first reversed', [m('seq', 2)], (x) => ops.cumsum(x!, 0, { reverse: true })),
  smooth('expand', [m(3, 1)], (x) => ops.expand(x!, [2, 3, 4])),
  smooth('expand a scalar', [m(), m('batch', 'seq')], (x, y) => ops.mul(ops.expand(x!, ['batch', 'seq']), y!)),
  smooth('expand a symbolic axis', [m('batch', 1), m('batch', 'seq')], (x, y) => ops.mul(ops.expand(x!, ['batch', 'seq']), y!)),
  smooth('softmax', [m('batch', 4)], (x) => ops.softmax(x!)),
  smooth('softmax of three axes', [m('batch', 2, 'seq')], (x) => ops.softmax(x!)),
  flat('softmax of large numbers', [{ shape: [2, 3], data: [1000, 999, 998, -1e9, 0, -1e9] }], (x) => ops.softmax(x!)),
  smooth('logSoftmax', [m('batch', 4)], (x) => ops.logSoftmax(x!)),
  smooth('crossEntropy', [m('batch', 4), indices(4, 'batch')], (x, i) => ops.crossEntropy(x!, i!)),
  smooth('crossEntropy of three axes, summed', [m('batch', 'seq', 5), indices(5, 'batch', 'seq')], (x, i) => ops.sum(ops.crossEntropy(x!, i!), [0, 1])),
  flat(
    'crossEntropy of large numbers',
    [
      { shape: [2, 3], data: [1000, 999, 998, -1e9, 0, -1e9] },
      { shape: [2], dtype: 'int64', data: [2, 1] },
    ],
    (x, i) => ops.crossEntropy(x!, i!),
  ),
  smooth('layerNorm', [m('batch', 3, 8), m(8), m(8)], (x, w, b) => ops.layerNorm(x!, w!, b!, 1e-5)),
  smooth('layerNorm of two axes', [m('batch', 5), m(5), m(5)], (x, w, b) => ops.layerNorm(x!, w!, b!, 0.1)),
  smooth('rmsNorm', [m('batch', 3, 8), m(8)], (x, w) => ops.rmsNorm(x!, w!, 1e-5)),
  smooth('rotatePairs', [m('batch', 3, 'seq', 4), m('batch', 'seq', 2), m('batch', 'seq', 2)], (x, c, s) => ops.rotatePairs(x!, c!, s!, 'half')),
  smooth('rotatePairs of heads side by side', [m('batch', 'seq', 12), m('batch', 'seq', 2), m('batch', 'seq', 2)], (x, c, s) =>
    ops.rotatePairs(x!, c!, s!, 'half'),
  ),
  smooth('rotatePairs beside each other', [m(2, 1, 'seq', 6), m(2, 'seq', 3), m(2, 'seq', 3)], (x, c, s) => ops.rotatePairs(x!, c!, s!, 'interleaved')),
  smooth('rmsNorm of one row', [m(6), m(6)], (x, w) => ops.rmsNorm(x!, w!, 0.1)),
  smooth('layerNorm of one row', [m(6), m(6), m(6)], (x, w, b) => ops.layerNorm(x!, w!, b!, 1e-5)),
];

const moves: OpCase[] = [
  smooth('reshape', [m(2, 6)], (x) => ops.reshape(x!, [3, 4])),
  smooth('reshape symbolic', [m('batch', 'seq', 6)], (x) => ops.reshape(x!, ['batch*seq', 2, 3])),
  smooth('reshape to a scalar', [m(1, 1)], (x) => ops.reshape(x!, [])),
  smooth('transpose', [m('batch', 'seq', 4)], (x) => ops.transpose(x!, [1, 2, 0])),
  smooth('transpose of heads', [m('batch', 'seq', 2, 3)], (x) => ops.transpose(x!, [0, 2, 1, 3])),
  smooth('slice', [m('batch', 5)], (x) => ops.slice(x!, 1, 1, 4)),
  smooth('slice symbolic', [m('seq', 2)], (x) => ops.slice(x!, 0, 1, 'seq')),
  smooth('slice all but the last', [m(2, 'seq')], (x) => ops.slice(x!, 1, 0, ops.subtractAxes('seq', 1))),
  flat('slice of int64', [indices(9, 'seq')], (x) => ops.slice(x!, 0, 1, 2)),
  smooth('pad', [m('batch', 3)], (x) => ops.pad(x!, 1, 2, 1)),
  smooth('pad symbolic with a value', [m('seq', 2), m('batch')], (x, y) => ops.add(ops.pad(x!, 0, 'batch', 1, -2), ops.mul(ops.sum(y!, 0), 0.1))),
  smooth('concat', [m('batch', 2), m('batch', 3), m('batch', 1)], (...xs) => ops.concat(xs, 1)),
  smooth('concat symbolic', [m('batch', 2), m('seq', 2)], (...xs) => ops.concat(xs, 0)),
  smooth('split into all parts', [m('batch', 6)], (x) => {
    const [a, b, c] = ops.split(x!, 1, [2, 1, 3]) as [Node, Node, Node];
    return ops.concat([ops.square(c), ops.sin(a), ops.exp(b)], 1);
  }),
  smooth('split, one part unused', [m('batch', 6)], (x) => {
    const [a, , c] = ops.split(x!, 1, [2, 2, 2]) as [Node, Node, Node];
    return ops.mul(ops.exp(a), c);
  }),
  smooth('squeeze', [m('batch', 1, 3)], (x) => ops.squeeze(x!, 1)),
  smooth('unsqueeze', [m('batch', 3)], (x) => ops.unsqueeze(x!, 1)),
  smooth('unsqueeze last', [m('batch', 3)], (x) => ops.unsqueeze(x!, -1)),
];

const indexing: OpCase[] = [
  smooth('gather rows', [m(5, 3), indices(5, 'batch', 4)], (x, i) => ops.gather(x!, i!)),
  smooth('gather wide rows', [m(4, 32), { shape: ['batch', 3], dtype: 'int64', data: [1, -1, 1, 0, 1, 3] }], (x, i) => ops.gather(x!, i!)),
  smooth('gather from symbolic', [m('seq', 3), { shape: [4], dtype: 'int64', data: [2, 0, 2, 1] }], (x, i) => ops.gather(x!, i!)),
  smooth('gather of few', [m('width', 33), { shape: ['seq'], dtype: 'int64', data: [1, -1, 1] }], (x, i) => ops.gather(x!, i!, 0, { few: true })),
  smooth('gatherSum', [m('width', 3), indices(4, 'batch', 5), m('batch', 5)], (x, i, w) => ops.gatherSum(x!, i!, w!)),
  smooth('gather scalars', [m(5), indices(5, 'batch')], (x, i) => ops.gather(x!, i!)),
  smooth('gather with one index', [m(5, 3), indices(5)], (x, i) => ops.gather(x!, i!)),
  smooth('gather middle', [m(2, 5, 3), indices(5, 4)], (x, i) => ops.gather(x!, i!, 1)),
  smooth('gather middle by two axes', [m('batch', 5, 3), indices(5, 2, 2)], (x, i) => ops.gather(x!, i!, 1)),
  smooth('gather last from the back', [m('batch', 5), { shape: [3], dtype: 'int64', data: [-1, 0, -2] }], (x, i) => ops.gather(x!, i!, -1)),
  smooth('scatterAdd with repeated indices', [{ shape: [5], dtype: 'int64', data: [1, 3, 1, 1, 0] }, m(5, 3)], (i, u) => ops.scatterAdd(i!, u!, 4)),
  smooth('scatterAdd to symbolic', [indices(3, 'batch', 2), m('batch', 2, 2, 2), m('seq')], (i, u, s) =>
    ops.mul(ops.scatterAdd(i!, u!, 'seq'), ops.reshape(s!, ['seq', 1, 1])),
  ),
  smooth('scatterAdd scalars', [indices(4, 6), m(6)], (i, u) => ops.scatterAdd(i!, u!, 4)),
  smooth('takeAlong', [m('batch', 5), indices(5, 'batch', 3)], (x, i) => ops.takeAlong(x!, i!, 1)),
  smooth('takeAlong first', [m(4, 3), indices(4, 2, 3)], (x, i) => ops.takeAlong(x!, i!, 0)),
  smooth('putAlong with repeated indices', [{ shape: [2, 3], dtype: 'int64', data: [1, 1, 0, 3, 2, 3] }, m(2, 3)], (i, u) => ops.putAlong(i!, u!, 1, 4)),
  smooth('topK values', [m('batch', 6)], (x) => ops.topK(x!, 3).values),
  flat('topK indices, ties', [{ shape: [2, 5], data: [1, 3, 3, 0, 3, 2, 2, 2, 5, 2] }], (x) => ops.topK(x!, 4).indices),
  smooth('topK symbolic', [m(2, 5), m('seq')], (x, s) => ops.mul(ops.topK(x!, 'seq').values, s!)),
  flat('oneHot', [indices(4, 'batch', 2)], (i) => ops.oneHot(i!, 4)),
];

const transposes = [false, true].flatMap((transposeA) => [false, true].map((transposeB) => ({ transposeA, transposeB })));
const swap = (flip: boolean, ...shape: (number | string)[]): CaseInput => m(...shape.slice(0, -2), ...(flip ? shape.slice(-2).reverse() : shape.slice(-2)));

const products: OpCase[] = transposes.flatMap(({ transposeA, transposeB }) => {
  const label = `${transposeA ? 'ᵀ' : ''}·${transposeB ? 'ᵀ' : ''}`;
  const product = (a?: Node, b?: Node) => ops.matmul(a!, b!, { transposeA, transposeB });
  return [
    smooth(`matmul ${label}`, [swap(transposeA, 'batch', 4), swap(transposeB, 4, 3)], product),
    smooth(`matmul ${label} scaled`, [swap(transposeA, 2, 4), swap(transposeB, 4, 3)], (a, b) => ops.matmul(a!, b!, { transposeA, transposeB, scale: 0.25 })),
    smooth(`matmul ${label} batched`, [swap(transposeA, 'batch', 2, 'seq', 4), swap(transposeB, 'batch', 2, 4, 'seq')], product),
    smooth(`matmul ${label} shared weight`, [swap(transposeA, 'batch', 'seq', 4), swap(transposeB, 4, 5)], product),
    smooth(`matmul ${label} shared left`, [swap(transposeA, 2, 4), swap(transposeB, 'batch', 4, 3)], product),
    smooth(`matmul ${label} broadcast batch`, [swap(transposeA, 'batch', 1, 2, 3), swap(transposeB, 2, 3, 2)], product),
  ];
});

const linears: OpCase[] = [false, true].flatMap((transposeB) => [
  smooth(`affine${transposeB ? ' ᵀ' : ''}`, [m('batch', 4), swap(transposeB, 4, 3), m(3)], (x, w, b) => ops.affine(x!, w!, b!, { transposeB })),
  smooth(`affine${transposeB ? ' ᵀ' : ''} of three axes`, [m('batch', 'seq', 4), swap(transposeB, 4, 3), m(3)], (x, w, b) =>
    ops.affine(x!, w!, b!, { transposeB }),
  ),
  smooth(`affine${transposeB ? ' ᵀ' : ''} of one row`, [m(4), swap(transposeB, 4, 3), m(3)], (x, w, b) => ops.affine(x!, w!, b!, { transposeB })),
]);

const key: CaseInput = { shape: [], dtype: 'uint32', data: [7] };
const random: OpCase[] = [
  flat('randomUniform', [key, m('batch', 'seq')], (k, x) => ops.add(ops.mul(x!, 0), ops.randomUniform(k!, 3, ['batch', 'seq']))),
  flat('randomUniform of one axis', [{ shape: [1], dtype: 'uint32', data: [4294967295] }], (k) => ops.randomUniform(k!, 0, [9])),
  flat('randomUniform of three axes', [key], (k) => ops.randomUniform(k!, 12, [2, 3, 4])),
  flat('randomUniform scalar', [key], (k) => ops.randomUniform(k!, 12, [])),
  flat('randomMask', [{ shape: [1], dtype: 'uint32', data: [99] }], (k) => ops.randomMask(k!, 5, 0.3, [4, 8])),
  smooth('dropout', [m('batch', 'seq', 4), key], (x, k) => ops.dropout(x!, 0.5, k!, 1)),
];

export const opCases: readonly OpCase[] = [...pointwise, ...choice, ...leaves, ...reductions, ...moves, ...indexing, ...products, ...linears, ...random];

/** The nodes a case is built on, called `x0`, `x1`, … With `lengths` the axis names are replaced by them. */
export const inputsOf = ({ inputs }: OpCase, lengths?: Readonly<Record<string, number>>): Node[] =>
  inputs.map(({ shape, dtype }, i) => input(`x${i}`, lengths ? resolved(shape, lengths) : shape, dtype ?? 'float32'));

export const resolved = (shape: readonly (number | string)[], lengths: Readonly<Record<string, number>>): number[] =>
  shape.map((axis) => (typeof axis === 'number' ? axis : lengths[axis]!));

/** Values for the inputs of a case, by name: the same at every call. float32 values are exactly representable. */
export function valuesOf({ inputs }: OpCase, lengths: Readonly<Record<string, number>> = caseLengths): Map<string, Tensor> {
  return new Map(inputs.map(({ shape, dtype, range, data }, i) => [`x${i}`, caseTensor(resolved(shape, lengths), i + 1, dtype, range, data)]));
}

/** Values spread over a range without repeating, so that no two are equal where a maximum would have to choose. */
export function caseTensor(
  shape: readonly number[],
  seed: number,
  dtype: Dtype = 'float32',
  [low, high]: readonly [number, number] = [-1.5, 1.5],
  data?: readonly number[],
): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  if (data) return tensor(shape, data);
  const whole = dtype !== 'float32' && dtype !== 'float64';
  return tensor(
    shape,
    Array.from({ length: size }, (_, i) => {
      const unit = (seed * 0.7548776662466927 + (i + 1) * 0.5698402909980532) % 1;
      const value = low + (high - low) * unit;
      return whole ? Math.floor(value) : Math.fround(value);
    }),
  );
}
