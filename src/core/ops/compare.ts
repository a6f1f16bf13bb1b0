// Comparisons, choice and conversion. What is not a float carries no gradient.

import { ShapeError } from '../errors.ts';
import { onnxDtype, operand, zero } from '../leaf.ts';
import { type Dtype, defineOp, type Node } from '../node.ts';
import { broadcastData, broadcastShapes, isFloat, sameDtype, show } from '../strided.ts';

const comparison = (name: string, onnx: string, value: (a: number, b: number) => boolean) => {
  const op = defineOp<undefined>({
    name,
    infer: (inputs) => {
      sameDtype(name, inputs);
      return { shape: broadcastShapes(name, ...inputs.map((x) => x.shape)), dtype: 'bool' };
    },
    grad: () => [],
    lower: (emit, _, inputs) => emit.node(onnx, inputs),
    reference: ([a, b], _, shape) => {
      const [x, y] = [broadcastData(a!, shape), broadcastData(b!, shape)];
      return { shape, data: x.map((v, i) => Number(value(v, y[i]!))) };
    },
  });
  return (a: Node, b: Node | number): Node => op([a, operand(b, a)], undefined);
};

/** All comparisons broadcast and give bool. */
export const equal = comparison('equal', 'Equal', (a, b) => a === b);
export const less = comparison('less', 'Less', (a, b) => a < b);
export const greater = comparison('greater', 'Greater', (a, b) => a > b);
export const lessOrEqual = comparison('lessOrEqual', 'LessOrEqual', (a, b) => a <= b);
export const greaterOrEqual = comparison('greaterOrEqual', 'GreaterOrEqual', (a, b) => a >= b);
export const logicalAnd = comparison('logicalAnd', 'And', (a, b) => a !== 0 && b !== 0);
export const logicalOr = comparison('logicalOr', 'Or', (a, b) => a !== 0 || b !== 0);

const notOp = defineOp<undefined>({
  name: 'logicalNot',
  infer: ([x]) => {
    if (x!.dtype !== 'bool') throw new ShapeError(`logicalNot: expected bool, got ${show(x!)}; compare first`);
    return x!;
  },
  grad: () => [],
  lower: (emit, _, inputs) => emit.node('Not', inputs),
  reference: ([x], _, shape) => ({ shape, data: x!.data.map((v) => (v === 0 ? 1 : 0)) }),
});
export const logicalNot = (x: Node): Node => notOp([x], undefined);

const whereOp = defineOp<undefined>({
  name: 'where',
  infer: ([condition, a, b]) => {
    if (condition!.dtype !== 'bool') throw new ShapeError(`where: expected a bool condition, got ${show(condition!)}; compare first`);
    return { shape: broadcastShapes('where', condition!.shape, a!.shape, b!.shape), dtype: sameDtype('where', [a!, b!]) };
  },
  grad: ({ inputs: [condition, a, b] }, d) => [undefined, where(condition!, d, zero(a!.dtype)), where(condition!, zero(b!.dtype), d)],
  lower: (emit, _, inputs) => emit.node('Where', inputs),
  reference: ([condition, a, b], _, shape) => {
    const [c, x, y] = [condition!, a!, b!].map((t) => broadcastData(t, shape));
    return { shape, data: c!.map((v, i) => (v !== 0 ? x![i]! : y![i]!)) };
  },
});

/** `a` where the condition holds, else `b`; all three broadcast. At least one of `a`, `b` is a node. */
export function where(condition: Node, a: Node | number, b: Node | number): Node {
  if (typeof a !== 'number') return whereOp([condition, a, operand(b, a)], undefined);
  if (typeof b === 'number') throw new ShapeError('where: expected a node to choose, got two numbers; make one a constant of the dtype you mean');
  return whereOp([condition, operand(a, b), b], undefined);
}

const wrap: Partial<Record<Dtype, (v: number) => number>> = {
  bool: (v) => (v === 0 ? 0 : 1),
  uint32: (v) => Math.trunc(v) >>> 0,
  int32: (v) => Math.trunc(v) | 0,
  int64: Math.trunc,
  int8: (v) => (Math.trunc(v) << 24) >> 24,
  uint8: (v) => Math.trunc(v) & 255,
};

const castOp = defineOp<{ dtype: Dtype }>({
  name: 'cast',
  infer: ([x], { dtype }) => ({ shape: x!.shape, dtype }),
  grad: ({ inputs: [x], attrs }, d) => [isFloat(x!.dtype) && isFloat(attrs.dtype) ? cast(d, x!.dtype) : undefined],
  lower: (emit, { attrs }, inputs) => emit.node('Cast', inputs, { to: onnxDtype[attrs.dtype] }),
  reference: ([x], { dtype }, shape) => ({ shape, data: wrap[dtype] ? x!.data.map(wrap[dtype]) : x!.data }),
});

/** Converts; floats to integers round toward zero. The reference keeps every float in float64. */
export const cast = (x: Node, dtype: Dtype): Node => (x.dtype === dtype ? x : castOp([x], { dtype }));

const stopOp = defineOp<undefined>({
  name: 'stopGradient',
  infer: ([x]) => x!,
  grad: () => [],
  lower: (_emit, _node, [x]) => x!,
  reference: ([x]) => x!,
});

/** The same value; no gradient flows back through it. */
export const stopGradient = (x: Node): Node => stopOp([x], undefined);
