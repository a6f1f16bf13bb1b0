import type { Dtype } from '../core/index.ts';
import { ShapeError } from '../core/index.ts';

export type TensorArray = Float32Array | Float64Array | BigInt64Array | Int32Array | Uint32Array | Int8Array | Uint8Array | Uint16Array;

/** A tensor as plain data, row-major. bool is held as Uint8Array of 0 and 1, float16 as the bits in a Uint16Array, int64 as BigInt64Array. */
export interface TensorData {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly data: TensorArray;
}

/** What the runtime knows of a dtype: its number in ONNX, its bytes an element, the array that holds it. */
export const dtypes: Readonly<Record<Dtype, { readonly onnx: number; readonly bytes: number; readonly make: (length: number) => TensorArray }>> = {
  float32: { onnx: 1, bytes: 4, make: (n) => new Float32Array(n) },
  uint8: { onnx: 2, bytes: 1, make: (n) => new Uint8Array(n) },
  int8: { onnx: 3, bytes: 1, make: (n) => new Int8Array(n) },
  int32: { onnx: 6, bytes: 4, make: (n) => new Int32Array(n) },
  int64: { onnx: 7, bytes: 8, make: (n) => new BigInt64Array(n) },
  bool: { onnx: 9, bytes: 1, make: (n) => new Uint8Array(n) },
  float16: { onnx: 10, bytes: 2, make: (n) => new Uint16Array(n) },
  float64: { onnx: 11, bytes: 8, make: (n) => new Float64Array(n) },
  uint32: { onnx: 12, bytes: 4, make: (n) => new Uint32Array(n) },
};

export const lengthOfShape = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** The bytes of an array, without copying. */
export const bytesOf = (data: TensorArray): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/**
 * Numbers as a tensor of the given dtype: rounded to its precision, wrapped to its range as JavaScript's typed arrays do.
 *
 * @throws ShapeError when the values do not fill the shape
 */
export function tensorOf(dtype: Dtype, shape: readonly number[], values: ArrayLike<number>): TensorData {
  if (values.length !== lengthOfShape(shape))
    throw new ShapeError(`tensor: expected ${lengthOfShape(shape)} values for shape [${shape.join(', ')}], got ${values.length}`);
  const data = dtypes[dtype].make(values.length);
  if (data instanceof BigInt64Array) for (let i = 0; i < values.length; i++) data[i] = BigInt(values[i]!);
  else if (dtype === 'float16') (data as Uint16Array).set(new Uint16Array(Float16Array.from(values).buffer));
  else for (let i = 0; i < values.length; i++) data[i] = values[i]!;
  return { dtype, shape, data };
}

/** The values of a tensor as float64: what the reference evaluator speaks. int64 beyond 2^53 lose their last bits. */
export function numbersOf({ dtype, data }: TensorData): Float64Array {
  if (data instanceof BigInt64Array) return Float64Array.from(data, Number);
  if (dtype === 'float16') return Float64Array.from(new Float16Array(data.buffer, data.byteOffset, data.length));
  return Float64Array.from(data as Float32Array);
}
