// Where graphs begin: inputs, parameters, constants, and the numbers an axis stands for.
import type { Axis, Shape } from './axis.ts';
import { lengthOf, namesIn } from './axis.ts';
import { ShapeError } from './errors.ts';
import { type Dtype, defineOp, type Node, type Tensor } from './node.ts';
import { elements, isFloat } from './strided.ts';

export type NumericArray = Float64Array | Float32Array | Int32Array | Uint32Array | Int8Array | Uint8Array | Uint16Array | BigInt64Array | readonly number[];

/** What an input or a parameter is declared as. */
export interface Declared {
  readonly name: string;
  readonly shape: Shape;
  readonly dtype: Dtype;
}

const declared = (kind: 'input' | 'parameter') =>
  defineOp<Declared>({
    name: kind,
    infer: (_, { name, shape, dtype }) => {
      if (name === '') throw new ShapeError(`${kind}: expected a name, got ''; every ${kind} is fed by name`);
      return { shape, dtype };
    },
    grad: () => [],
    lower: (_, node) => {
      throw new Error(`internal: ${kind} ${node.attrs.name} is declared by the runtime, not lowered`);
    },
    reference: (_, { name }) => {
      throw new ShapeError(`${kind} ${name}: expected a value, got none; bind it by name or node`);
    },
  });

const inputOp = declared('input');
const parameterOp = declared('parameter');

/** A program input, fed by name at every run. Axes may be symbolic: `input('ids', ['batch', 'seq'], 'int64')`. */
export const input = (name: string, shape: Shape, dtype: Dtype = 'float32'): Node<Declared> => inputOp([], { name, shape, dtype });

/** A named weight of known shape; what it is bound to (frozen, trainable, constant) is said when the program is compiled. */
export const parameter = (name: string, shape: readonly number[], dtype: Dtype = 'float32'): Node<Declared> => parameterOp([], { name, shape, dtype });

export const isInput = (node: Node): node is Node<Declared> => node.op.name === 'input';
export const isParameter = (node: Node): node is Node<Declared> => node.op.name === 'parameter';

/** Name of an input or a parameter. */
export function nameOf(node: Node): string {
  if (isInput(node) || isParameter(node)) return node.attrs.name;
  throw new Error(`internal: ${node.op.name} has no name; only inputs and parameters do`);
}

interface ConstantAttrs {
  readonly data: Float64Array;
  readonly shape: readonly number[];
  readonly dtype: Dtype;
}

const constantOp = defineOp<ConstantAttrs>({
  name: 'constant',
  infer: (_, { data, shape, dtype }) => {
    if (data.length !== elements(shape))
      throw new ShapeError(`constant: expected ${elements(shape)} values for [${shape.join(', ')}], got ${data.length}; give the shape of the values`);
    return { shape, dtype };
  },
  grad: () => [],
  lower: (emit, { attrs }) => emit.constant(attrs.dtype, attrs.shape, attrs.data),
  reference: (_, { data, shape }): Tensor => ({ shape, data }),
});

/** A tensor written into the graph. A number has shape []; a list without a shape is a vector. Integers must lie within ±2^53. */
export function constant(value: number | NumericArray, shape?: readonly number[], dtype: Dtype = 'float32'): Node<ConstantAttrs> {
  const data = typeof value === 'number' ? Float64Array.of(value) : Float64Array.from(value as ArrayLike<number | bigint>, Number);
  return constantOp([], { data, shape: shape ?? (typeof value === 'number' ? [] : [data.length]), dtype });
}

export const isConstant = (node: Node): node is Node<ConstantAttrs> => node.op.name === 'constant';

/** A node, or a number as a constant of the dtype of the node it meets. */
export const operand = (value: Node | number, like: Node): Node => (typeof value === 'number' ? constant(value, [], like.dtype) : value);

interface AxisAttrs {
  readonly axis: Axis;
  readonly dtype: Dtype;
}

const iotaOp = defineOp<AxisAttrs>({
  name: 'iota',
  infer: (_, { axis, dtype }) => ({ shape: [axis], dtype }),
  grad: () => [],
  lower: (emit, { attrs: { axis, dtype } }) => {
    const range = emit.node('Range', [emit.constant('int64', [], [0]), emit.axis(axis), emit.constant('int64', [], [1])]);
    return dtype === 'int64' ? range : emit.node('Cast', [range], { to: onnxDtype[dtype] });
  },
  reference: (_inputs, _attrs, shape) => ({ shape, data: Float64Array.from({ length: shape[0]! }, (_, i) => i) }),
});

/** [axis] 0, 1, 2, … */
export const iota = (axis: Axis, dtype: Dtype = 'int64'): Node => iotaOp([], { axis, dtype });

const axisLengthOp = defineOp<AxisAttrs>({
  name: 'axisLength',
  infer: (_, { dtype }) => ({ shape: [], dtype }),
  grad: () => [],
  lower: (emit, { attrs: { axis, dtype } }) => (dtype === 'int64' ? emit.axis(axis) : emit.node('Cast', [emit.axis(axis)], { to: onnxDtype[dtype] })),
  reference: (_inputs, { axis }, shape, lengths) => ({ shape, data: Float64Array.of(lengthOf(axis, lengths)) }),
});

/** The length of an axis as a scalar; a plain constant where the length is known. */
export const axisLength = (axis: Axis, dtype: Dtype = 'float32'): Node =>
  typeof axis === 'number' ? constant(axis, [], dtype) : axisLengthOp([], { axis, dtype });

/** Names of symbolic axes that the shapes of these nodes use, sorted. */
export const axisNames = (nodes: readonly Node[]): string[] => [...new Set(nodes.flatMap((node) => node.shape.flatMap(namesIn)))].sort();

/** The scalar zero of a dtype. */
export const zero = (dtype: Dtype): Node => constant(0, [], dtype);

export const requireFloat = (where: string, node: Node): void => {
  if (!isFloat(node.dtype)) throw new ShapeError(`${where}: expected a float, got [${node.shape.join(', ')}] ${node.dtype}; cast it`);
};

/** Element type numbers of ONNX (TensorProto.DataType). */
export const onnxDtype: Readonly<Record<Dtype, number>> = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9, float16: 10, float64: 11, uint32: 12 };
