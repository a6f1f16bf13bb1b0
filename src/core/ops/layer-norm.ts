// Normalisation of the last axis. The ONNX node yields mean and inverse deviation besides its result; `mean` and `inverse` here are nodes that pick
// those up, so the backward pass does not reduce again.
import { sameShape } from '../axis.ts';
import { ShapeError } from '../errors.ts';
import { axisLength, constant, requireFloat } from '../leaf.ts';
import { type Dtype, defineOp, type Emit, type Node, type Tensor } from '../node.ts';
import { show } from '../strided.ts';
import { matmul } from './matmul.ts';
import { reshape } from './move.ts';
import { div, mul, neg, pow, sub } from './pointwise.ts';
import { expand } from './reduce.ts';

interface LayerNormAttrs {
  readonly epsilon: number;
}

const statistics = ({ shape, data }: Tensor, epsilon: number): { mean: Float64Array; inverse: Float64Array } => {
  const width = shape.at(-1)!;
  const count = shape.slice(0, -1).reduce((a, b) => a * b, 1);
  const mean = new Float64Array(count);
  const inverse = new Float64Array(count);
  for (let r = 0; r < count; r++) {
    const row = data.subarray(r * width, (r + 1) * width);
    const average = row.reduce((a, b) => a + b, 0) / width;
    mean[r] = average;
    inverse[r] = 1 / Math.sqrt(row.reduce((s, v) => s + (v - average) ** 2, 0) / width + epsilon);
  }
  return { mean, inverse };
};

// Second and third results of a lowered LayerNormalization, by the name of its first.
const siblings = new WeakMap<Emit, Map<string, readonly string[]>>();

const op = defineOp<LayerNormAttrs>({
  name: 'layerNorm',
  infer: ([x, weight, bias]) => {
    requireFloat('layerNorm', x!);
    const last = x!.shape.slice(-1);
    if (x!.shape.length === 0 || !sameShape(weight!.shape, last) || !sameShape(bias!.shape, last))
      throw new ShapeError(
        `layerNorm: expected weight and bias of the last axis, got ${show(x!)} with ${show(weight!)} and ${show(bias!)}; one number for each position of the last axis`,
      );
    return x!;
  },
  // With x̂ = (x − mean)·inverse and q = dY·x̂:  dX = inverse·(dY·w − mean(dY·w) − x̂·mean(q·w));  dW = Σ q;  dB = Σ dY.
  // Both means are products with the vector w / width; both column sums are left to the accumulator.
  grad: (y, d) => {
    const [x, weight] = y.inputs as [Node, Node];
    const inverse = inverseOp([y, x], y.attrs);
    const normal = mul(sub(x, meanOp([y, x], y.attrs)), inverse);
    const q = mul(d, normal);
    const average = reshape(div(weight, axisLength(x.shape.at(-1)!, x.dtype)), [1, x.shape.at(-1)!]);
    const dX = sub(sub(mul(d, weight), mul(normal, dot(q, average))), dot(d, average));
    return [mul(dX, inverse), q, d];
  },
  lower: (emit, { attrs: { epsilon } }, inputs) => {
    const results = emit.nodes('LayerNormalization', inputs, 3, { axis: -1, epsilon: { float: epsilon } });
    const known = siblings.get(emit) ?? new Map<string, readonly string[]>();
    known.set(results[0]!, results);
    siblings.set(emit, known);
    return results[0]!;
  },
  reference: ([x, weight, bias], { epsilon }, shape) => {
    const { mean, inverse } = statistics(x!, epsilon);
    const width = shape.at(-1)!;
    return { shape, data: x!.data.map((v, i) => (v - mean[(i / width) | 0]!) * inverse[(i / width) | 0]! * weight!.data[i % width]! + bias!.data[i % width]!) };
  },
});

/** Row-wise dot product with one vector [1, width]: [..., width] → [..., 1]. */
const dot = (x: Node, vector: Node): Node =>
  x.shape.length === 1 ? reshape(matmul(reshape(x, [1, ...x.shape]), vector, { transposeB: true }), [1]) : matmul(x, vector, { transposeB: true });

/** Mean and inverse deviation computed from x alone, for when an edit has put something else in the place of the layerNorm. */
const apart = (emit: Emit, x: string, epsilon: number, dtype: Dtype): readonly [string, string] => {
  const last = emit.constant('int64', [1], [-1]);
  const mean = emit.node('ReduceMean', [x, last]);
  const away = emit.node('Sub', [x, mean]);
  const variance = emit.node('ReduceMean', [emit.node('Mul', [away, away]), last]);
  return [mean, emit.node('Reciprocal', [emit.node('Sqrt', [emit.node('Add', [variance, emit.constant(dtype, [], [epsilon])])])])];
};

/** [..., 1] statistics of x, read off the layerNorm node that is the first input. */
const statistic = (
  name: string,
  result: number,
  pick: (s: ReturnType<typeof statistics>) => Float64Array,
  grad: (node: Node<LayerNormAttrs>, d: Node) => Node,
) =>
  defineOp<LayerNormAttrs>({
    name,
    infer: ([, x]) => ({ shape: [...x!.shape.slice(0, -1), 1], dtype: x!.dtype }),
    grad: (node, d) => [undefined, grad(node, d)],
    lower: (emit, { attrs: { epsilon }, dtype }, [y, x]) => siblings.get(emit)?.get(y!)?.[result] ?? apart(emit, x!, epsilon, dtype)[result - 1]!,
    reference: ([, x], { epsilon }, shape) => ({ shape, data: pick(statistics(x!, epsilon)) }),
  });

const width = (x: Node): Node => axisLength(x.shape.at(-1)!, x.dtype);

const meanOp = statistic(
  'layerNormMean',
  1,
  ({ mean }) => mean,
  ({ inputs: [, x] }, d) => mul(div(d, width(x!)), ones(x!)),
);

const inverseOp = statistic(
  'layerNormInverse',
  2,
  ({ inverse }) => inverse,
  // ∂inverse/∂x = −inverse³ · (x − mean) / width
  (inverse, d) => {
    const [y, x] = inverse.inputs as [Node, Node];
    return neg(mul(div(mul(d, pow(inverse, 3)), width(x)), sub(x, meanOp([y, x], inverse.attrs))));
  },
);

const ones = (x: Node): Node => expand(constant(1, [], x.dtype), x.shape);

/**
 * (x − mean) / √(variance + epsilon) · weight + bias over the last axis.
 *
 * @param x       [..., hidden]
 * @param weight  [hidden], as is `bias`
 */
export const layerNorm = (x: Node, weight: Node, bias: Node, epsilon: number): Node => op([x, weight, bias], { epsilon });
