// Element by element. Binary ops broadcast as numpy does; the accumulator in grad.ts sums broadcast axes away again.

import { type Shape, sameShape } from '../axis.ts';
import { erf as erfOf } from '../erf.ts';
import { isConstant, operand, requireFloat } from '../leaf.ts';
import { defineOp, type Emit, type Node } from '../node.ts';
import { broadcastData, broadcastShapes, sameDtype } from '../strided.ts';
import { cast, greater, greaterOrEqual, lessOrEqual } from './compare.ts';

type Lower = string | ((emit: Emit, x: string, node: Node) => string);

/** An op of one input; `gradient` gives that of the input from (x, y, dY), nothing where it is zero almost everywhere. */
const unary = (name: string, onnx: Lower, value: (x: number) => number, gradient: (x: Node, y: Node, d: Node) => Node | undefined, floatOnly = true) => {
  const op = defineOp<undefined>({
    name,
    infer: ([x]) => {
      if (floatOnly) requireFloat(name, x!);
      return x!;
    },
    grad: (y, d) => [gradient(y.inputs[0]!, y, d)],
    lower: (emit, node, [x]) => (typeof onnx === 'string' ? emit.node(onnx, [x!]) : onnx(emit, x!, node)),
    reference: ([x], _, shape) => ({ shape, data: x!.data.map(value) }),
  });
  return (x: Node): Node => op([x], undefined);
};

const binary = (name: string, onnx: string, value: (a: number, b: number) => number, gradient: (a: Node, b: Node, d: Node, y: Node) => readonly Node[]) => {
  const op = defineOp<undefined>({
    name,
    infer: (inputs) => ({ shape: broadcastShapes(name, ...inputs.map((x) => x.shape)), dtype: sameDtype(name, inputs) }),
    grad: (y, d) => gradient(y.inputs[0]!, y.inputs[1]!, d, y),
    lower: (emit, _, inputs) => emit.node(onnx, inputs),
    reference: ([a, b], _, shape) => {
      const [x, y] = [broadcastData(a!, shape), broadcastData(b!, shape)];
      return { shape, data: x.map((v, i) => value(v, y[i]!)) };
    },
  });
  return (a: Node | number, b: Node | number): Node => {
    const like = typeof a === 'number' ? b : a;
    if (typeof like === 'number') throw new Error(`internal: ${name} of two numbers`);
    const [x, y] = [operand(a, like), operand(b, like)];
    const shape = broadcastShapes(name, x.shape, y.shape);
    const left = unexpanded(x, y, shape);
    return op([left, unexpanded(y, left, shape)], undefined);
  };
};

/** What was expanded only to meet an operand that broadcasts it anyway need not be: gradients of sums begin so. */
const unexpanded = (x: Node, other: Node, shape: Shape): Node =>
  x.op.name === 'expand' && x.site === undefined && sameShape(other.shape, shape) ? x.inputs[0]! : x;

const isOne = (x: Node): boolean => isConstant(x) && x.attrs.data.length === 1 && x.attrs.data[0] === 1;

const scalar = (emit: Emit, node: Node, value: number) => emit.constant(node.dtype, [], [value]);

export const add = binary(
  'add',
  'Add',
  (a, b) => a + b,
  (_a, _b, d) => [d, d],
);
export const sub = binary(
  'sub',
  'Sub',
  (a, b) => a - b,
  (_a, _b, d) => [d, neg(d)],
);
const product = binary(
  'mul',
  'Mul',
  (a, b) => a * b,
  (a, b, d) => [mul(d, b), mul(d, a)],
);
/** A product with the constant 1 is the other factor itself. */
export const mul = (a: Node | number, b: Node | number): Node => {
  const y = product(a, b);
  const [x, factor] = y.inputs as [Node, Node];
  if (isOne(factor) && sameShape(x.shape, y.shape)) return x;
  if (isOne(x) && sameShape(factor.shape, y.shape)) return factor;
  return y;
};
const quotient = binary(
  'div',
  'Div',
  (a, b) => a / b,
  (_a, b, d, y) => [div(d, b), neg(div(mul(d, y), b))],
);
/** Of floats: what integers leave over is lost differently on every backend. */
export const div = (a: Node | number, b: Node | number): Node => {
  requireFloat('div', typeof a === 'number' ? (b as Node) : a);
  return quotient(a, b);
};
// Of the two gradients each is d or 0; a mask and a difference are several times faster than `where`.
const chosen = (takesA: Node, d: Node): readonly Node[] => {
  const toA = mul(d, cast(takesA, d.dtype));
  return [toA, sub(d, toA)];
};
/** At a tie the gradient goes to `a`. */
export const maximum = binary('maximum', 'Max', Math.max, (a, b, d) => chosen(greaterOrEqual(a, b), d));
/** At a tie the gradient goes to `a`. */
export const minimum = binary('minimum', 'Min', Math.min, (a, b, d) => chosen(lessOrEqual(a, b), d));

export const neg: (x: Node) => Node = unary(
  'neg',
  'Neg',
  (x) => -x,
  (_x, _y, d) => neg(d),
  false,
);
export const abs = unary('abs', 'Abs', Math.abs, (x, _y, d) => mul(d, sign(x)), false);
export const sign = unary('sign', 'Sign', Math.sign, () => undefined, false);
export const floor = unary('floor', 'Floor', Math.floor, () => undefined);
export const exp = unary('exp', 'Exp', Math.exp, (_x, y, d) => mul(d, y));
export const log = unary('log', 'Log', Math.log, (x, _y, d) => div(d, x));
export const sqrt = unary('sqrt', 'Sqrt', Math.sqrt, (_x, y, d) => div(mul(d, 0.5), y));
export const reciprocal = unary(
  'reciprocal',
  'Reciprocal',
  (x) => 1 / x,
  (_x, y, d) => neg(mul(d, square(y))),
);
export const square: (x: Node) => Node = unary(
  'square',
  (emit, x) => emit.node('Mul', [x, x]),
  (x) => x * x,
  (x, _y, d) => mul(mul(d, x), 2),
  false,
);
export const sin = unary('sin', 'Sin', Math.sin, (x, _y, d) => mul(d, cos(x)));
export const cos: (x: Node) => Node = unary('cos', 'Cos', Math.cos, (x, _y, d) => neg(mul(d, sin(x))));
export const tanh = unary('tanh', 'Tanh', Math.tanh, (_x, y, d) => mul(d, sub(1, square(y))));
export const sigmoid = unary(
  'sigmoid',
  'Sigmoid',
  (x) => 1 / (1 + Math.exp(-x)),
  (_x, y, d) => mul(d, mul(y, sub(1, y))),
);
export const relu = unary(
  'relu',
  'Relu',
  (x) => Math.max(x, 0),
  (x, _y, d) => mul(d, cast(greater(x, 0), d.dtype)), // where is several times slower than a cast and a product
);
export const erf = unary('erf', 'Erf', erfOf, (x, _y, d) => mul(d, mul(exp(neg(square(x))), 2 / Math.sqrt(Math.PI))));

/** x · sigmoid(x). */
export const silu = unary(
  'silu',
  (emit, x, node) =>
    node.dtype === 'float32' ? emit.node('QuickGelu', [x], { alpha: { float: 1 } }, 'com.microsoft') : emit.node('Mul', [x, emit.node('Sigmoid', [x])]),
  (x) => x / (1 + Math.exp(-x)),
  (x, y, d) => {
    const s = sigmoid(x);
    return mul(d, add(s, mul(y, sub(1, s))));
  },
);

const scaledToHalf = { alpha: { float: 0.5 }, beta: { float: 0.5 } }; // HardSigmoid is 0.5·s + 0.5 in one pass, since erf stays within [−1, 1]

const phi = (x: number): number => Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
const capitalPhi = (x: number): number => 0.5 * (1 + erfOf(x * Math.SQRT1_2));

/** x · Φ(x), the exact form, Φ(x) = (1 + erf(x/√2)) / 2. onnxruntime has erf in float32 only. */
export const gelu = unary(
  'gelu',
  (emit, x, node) =>
    node.dtype === 'float32'
      ? emit.node('Gelu', [x], {}, 'com.microsoft')
      : emit.node('Mul', [x, emit.node('HardSigmoid', [emit.node('Erf', [emit.node('Mul', [x, scalar(emit, node, Math.SQRT1_2)])])], scaledToHalf)]),
  (x) => x * capitalPhi(x),
  (x, _y, d) => mul(d, geluSlope(x)),
);

/** Φ(x) + x·φ(x), the derivative of gelu. With v = x/√2 it is (1 + erf v)/2 + v/(√π·e^(v²)): eight passes; where e^(v²) overflows the last term is 0, as it should be. */
export const geluSlope = unary(
  'geluSlope',
  (emit, x, node) => {
    const v = emit.node('Mul', [x, scalar(emit, node, Math.SQRT1_2)]);
    const tail = emit.node('Mul', [emit.node('Div', [v, emit.node('Exp', [emit.node('Mul', [v, v])])]), scalar(emit, node, 1 / Math.sqrt(Math.PI))]);
    return emit.node('Add', [tail, emit.node('HardSigmoid', [emit.node('Erf', [v])], scaledToHalf)]);
  },
  (x) => capitalPhi(x) + x * phi(x),
  // φ(x)·(2 − x²)
  (x, _y, d) => mul(d, mul(mul(exp(mul(square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI)), sub(2, square(x)))),
);

const powOp = defineOp<{ exponent: number }>({
  name: 'pow',
  infer: ([x]) => {
    requireFloat('pow', x!);
    return x!;
  },
  grad: ({ inputs: [x], attrs: { exponent } }, d) => [mul(d, mul(pow(x!, exponent - 1), exponent))],
  lower: (emit, node, [x]) => emit.node('Pow', [x!, scalar(emit, node, node.attrs.exponent)]),
  reference: ([x], { exponent }, shape) => ({ shape, data: x!.data.map((v) => v ** exponent) }),
});

/** x to a fixed power. */
export const pow = (x: Node, exponent: number): Node => (exponent === 1 ? x : exponent === 2 ? square(x) : powOp([x], { exponent }));
