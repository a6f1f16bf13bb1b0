// The cost of a label under a softmax over the last axis, and its slope: one pass over the logits each, where logSumExp, which onnxruntime computes on one
// element at a time, takes six times as long.
import { sameShape } from '../axis.ts';
import { ShapeError } from '../errors.ts';
import { requireFloat } from '../leaf.ts';
import { defineOp, type Node, type Tensor } from '../node.ts';
import { positionIn, show } from '../strided.ts';
import { unsqueeze } from './move.ts';
import { mul } from './pointwise.ts';
import { softmax } from './softmax.ts';

const check = (where: string, logits: Node, labels: Node): void => {
  requireFloat(where, logits);
  if (labels.dtype !== 'int64' || logits.shape.length === 0 || !sameShape(labels.shape, logits.shape.slice(0, -1)))
    throw new ShapeError(`${where}: expected an int64 label for each row of the logits, got ${show(logits)} and ${show(labels)}; labels have one axis less`);
};

/** Calls `write` for every row with the position of its label and log Σ exp. */
const eachRow = (where: string, logits: Tensor, labels: Tensor, write: (row: number, from: number, label: number, total: number) => void): void => {
  const width = logits.shape.at(-1)!;
  labels.data.forEach((label, row) => {
    const values = logits.data.subarray(row * width, (row + 1) * width);
    const highest = values.reduce((a, b) => Math.max(a, b), -Infinity);
    const total = highest + Math.log(values.reduce((s, v) => s + Math.exp(v - highest), 0));
    write(row, row * width, positionIn(where, label, width), total);
  });
};

const slopeOp = defineOp<undefined>({
  name: 'crossEntropySlope',
  infer: ([logits, labels]) => {
    check('crossEntropySlope', logits!, labels!);
    return logits!;
  },
  // The label's part is constant: what is left is the gradient of the softmax.
  grad: ({ inputs: [logits] }, d) => {
    const shares = softmax(logits!);
    return shares.op.grad(shares, d);
  },
  lower: (emit, { dtype, inputs: [, labels] }, [logits, at]) => {
    const column = emit.shape([...labels!.shape, 1]);
    const ones = emit.node('Expand', [emit.constant(dtype, [], [-1]), column]);
    return emit.node('ScatterElements', [emit.node('Softmax', [logits!], { axis: -1 }), emit.node('Reshape', [at!, column], { allowzero: 1 }), ones], {
      axis: -1,
      reduction: 'add',
    });
  },
  reference: ([logits, labels], _, shape) => {
    const data = new Float64Array(logits!.data.length);
    const width = shape.at(-1)!;
    eachRow('crossEntropySlope', logits!, labels!, (_row, from, label, total) => {
      for (let i = 0; i < width; i++) data[from + i] = Math.exp(logits!.data[from + i]! - total);
      data[from + label]! -= 1;
    });
    return { shape, data };
  },
});

const op = defineOp<undefined>({
  name: 'crossEntropy',
  infer: ([logits, labels]) => {
    check('crossEntropy', logits!, labels!);
    return { shape: labels!.shape, dtype: logits!.dtype };
  },
  grad: ({ inputs: [logits, labels] }, d) => {
    // The gradient of a plain sum is one number: with 1 there is no product at all.
    const [even] = d.op.name === 'expand' && d.inputs[0]!.shape.length === 0 ? d.inputs : [unsqueeze(d, -1)];
    return [mul(slopeOp([logits!, labels!], undefined), even!), undefined];
  },
  lower: (emit, { shape }, [logits, labels]) => {
    const column = emit.node('Reshape', [labels!, emit.shape([...shape, 1])], { allowzero: 1 });
    const taken = emit.node('GatherElements', [emit.node('LogSoftmax', [logits!], { axis: -1 }), column], { axis: -1 });
    return emit.node('Neg', [emit.node('Reshape', [taken, emit.shape(shape)], { allowzero: 1 })]);
  },
  reference: ([logits, labels], _, shape) => {
    const data = new Float64Array(labels!.data.length);
    eachRow('crossEntropy', logits!, labels!, (row, from, label, total) => {
      data[row] = total - logits!.data[from + label]!;
    });
    return { shape, data };
  },
});

/**
 * log Σ exp(logits) − logits[label] over the last axis. Mask with a large finite negative number, not −∞.
 *
 * @param logits  [..., labels] float
 * @param labels  [...] int64, each in [0, labels)
 * @returns       [...] in nats
 * @throws ShapeError where labels are not one for each row
 */
export const crossEntropy = (logits: Node, labels: Node): Node => op([logits, labels], undefined);
