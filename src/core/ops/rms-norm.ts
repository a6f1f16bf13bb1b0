import { sameShape } from '../axis.ts';
import { ShapeError } from '../errors.ts';
import { requireFloat } from '../leaf.ts';
import { defineOp, type Node } from '../node.ts';
import { show } from '../strided.ts';
import { add, div, mul, sqrt, square, sub } from './pointwise.ts';
import { mean } from './reduce.ts';

interface RmsNormAttrs {
  readonly epsilon: number;
}

const op = defineOp<RmsNormAttrs>({
  name: 'rmsNorm',
  infer: ([x, weight]) => {
    requireFloat('rmsNorm', x!);
    if (x!.shape.length === 0 || !sameShape(weight!.shape, x!.shape.slice(-1)))
      throw new ShapeError(`rmsNorm: expected a weight of the last axis, got ${show(x!)} with ${show(weight!)}; one number for each position of the last axis`);
    return x!;
  },
  // With r = 1 / √(mean x² + ε) and x̂ = x·r:  dX = r·(dY·w − x̂·mean(dY·w·x̂));  dW = Σ dY·x̂.
  grad: ({ inputs: [x, weight], attrs: { epsilon } }, d) => {
    const inverse = div(1, sqrt(add(mean(square(x!), -1, { keepDims: true }), epsilon)));
    const normal = mul(x!, inverse);
    const through = mul(d, weight!);
    return [mul(sub(through, mul(normal, mean(mul(through, normal), -1, { keepDims: true }))), inverse), mul(d, normal)];
  },
  lower: (emit, { attrs: { epsilon } }, inputs) => emit.node('SimplifiedLayerNormalization', inputs, { axis: -1, epsilon: { float: epsilon } }),
  reference: ([x, weight], { epsilon }, shape) => {
    const width = shape.at(-1)!;
    const data = new Float64Array(x!.data.length);
    for (let from = 0; from < data.length; from += width) {
      const row = x!.data.subarray(from, from + width);
      const inverse = 1 / Math.sqrt(row.reduce((sum, value) => sum + value * value, 0) / width + epsilon);
      for (let i = 0; i < width; i++) data[from + i] = row[i]! * inverse * weight!.data[i]!;
    }
    return { shape, data };
  },
});

/**
 * x / √(mean of squares + epsilon) · weight over the last axis. Source: arXiv:1910.07467.
 *
 * @param x       [..., hidden]
 * @param weight  [hidden]
 */
export const rmsNorm = (x: Node, weight: Node, epsilon: number): Node => op([x, weight], { epsilon });
