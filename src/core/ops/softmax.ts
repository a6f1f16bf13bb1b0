// Over the last axis. Mask with a large finite negative number, not −∞: a row that is −∞ throughout has no softmax.
import { requireFloat } from '../leaf.ts';
import { defineOp, type Node, type Tensor } from '../node.ts';
import { exp, mul, sub } from './pointwise.ts';
import { sum } from './reduce.ts';

const rowwise = (x: Tensor, shape: readonly number[], finish: (shifted: number, total: number) => number): Tensor => {
  const length = shape.at(-1)!;
  const data = new Float64Array(x.data.length);
  for (let start = 0; start < data.length; start += length) {
    const row = x.data.subarray(start, start + length);
    const highest = row.reduce((a, b) => Math.max(a, b), -Infinity);
    const total = row.reduce((s, v) => s + Math.exp(v - highest), 0);
    for (let i = 0; i < length; i++) data[start + i] = finish(row[i]! - highest, total);
  }
  return { shape, data };
};

const rows = (name: string, onnx: string, finish: (shifted: number, total: number) => number, grad: (y: Node, d: Node) => Node) => {
  const op = defineOp<undefined>({
    name,
    infer: ([x]) => {
      requireFloat(name, x!);
      return x!;
    },
    grad: (y, d) => [grad(y, d)],
    lower: (emit, _, inputs) => emit.node(onnx, inputs, { axis: -1 }),
    reference: ([x], _, shape) => rowwise(x!, shape, finish),
  });
  return (x: Node): Node => op([x], undefined);
};

/** e^x / Σ e^x over the last axis. */
export const softmax = rows(
  'softmax',
  'Softmax',
  (shifted, total) => Math.exp(shifted) / total,
  (y, d) => mul(sub(d, sum(mul(d, y), [-1], { keepDims: true })), y), // in this form each pass may reuse the memory of the one before
);

/** x − log Σ e^x over the last axis. */
export const logSoftmax = rows(
  'logSoftmax',
  'LogSoftmax',
  (shifted, total) => shifted - Math.log(total),
  (y, d) => sub(d, mul(exp(y), sum(d, [-1], { keepDims: true }))),
);
