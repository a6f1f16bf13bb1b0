// Shapes and positions: what several ops need to infer and to evaluate.
import type { Axis, Shape } from './axis.ts';
import { ShapeError } from './errors.ts';
import type { Dtype, Node, Tensor } from './node.ts';

export const show = ({ shape, dtype }: { readonly shape: Shape; readonly dtype?: Dtype }): string => `[${shape.join(', ')}]${dtype ? ` ${dtype}` : ''}`;

export const isFloat = (dtype: Dtype): boolean => dtype === 'float32' || dtype === 'float64' || dtype === 'float16';

/** An axis counted from the front; negative ones count from the back. @throws ShapeError when there is no such axis */
export function axisAt(where: string, axis: number, rank: number): number {
  const at = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || at < 0 || at >= rank) throw new ShapeError(`${where}: expected an axis in [${-rank}, ${rank}), got ${axis}; count from 0`);
  return at;
}

/** Numpy broadcasting: axes are aligned at the end; equal ones stay, 1 takes the other's length. */
export function broadcastShapes(where: string, ...shapes: readonly Shape[]): Shape {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, i) => {
    let axis: Axis = 1;
    for (const shape of shapes) {
      const own = shape[i - rank + shape.length] ?? 1;
      if (own === axis || own === 1) continue;
      if (axis !== 1)
        throw new ShapeError(
          `${where}: expected shapes that broadcast, got ${shapes.map((s) => show({ shape: s })).join(' and ')}; ${axis} and ${own} are neither equal nor 1`,
        );
      axis = own;
    }
    return axis;
  });
}

export function sameDtype(where: string, nodes: readonly Node[]): Dtype {
  const dtype = nodes[0]!.dtype;
  if (nodes.some((node) => node.dtype !== dtype))
    throw new ShapeError(`${where}: expected equal dtypes, got ${nodes.map(show).join(' and ')}; cast one of them`);
  return dtype;
}

export const elements = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Row-major strides. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= shape[i]!;
  }
  return strides;
}

/** For every position of `shape`, in row-major order, its offset under other strides. */
export function offsetsOf(shape: readonly number[], strides: readonly number[], base = 0): Int32Array {
  const offsets = new Int32Array(elements(shape));
  if (offsets.length === 0) return offsets;
  offsets[0] = base;
  let filled = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    const block = filled;
    for (let k = 1; k < shape[i]!; k++) for (let j = 0; j < block; j++) offsets[filled++] = offsets[j]! + k * strides[i]!;
  }
  return offsets;
}

/** Strides that read a tensor as if it had been broadcast to `shape`. */
export function broadcastStrides(from: readonly number[], shape: readonly number[]): number[] {
  const own = stridesOf(from);
  return shape.map((_, i) => {
    const k = i - shape.length + from.length;
    return k < 0 || from[k] === 1 ? 0 : own[k]!;
  });
}

/** The data of a tensor, broadcast to `shape`. */
export function broadcastData(t: Tensor, shape: readonly number[]): Float64Array {
  if (t.data.length === elements(shape)) return t.data;
  const offsets = offsetsOf(shape, broadcastStrides(t.shape, shape));
  return Float64Array.from(offsets, (at) => t.data[at]!);
}

/** A shape seen around one axis: [outer, length, inner]. */
export function around(shape: readonly number[], axis: number): { outer: number; length: number; inner: number } {
  return { outer: elements(shape.slice(0, axis)), length: shape[axis]!, inner: elements(shape.slice(axis + 1)) };
}

/** A position along an axis, counted from the back when negative. @throws ShapeError when outside */
export function positionIn(where: string, index: number, length: number): number {
  const at = index < 0 ? index + length : index;
  if (!(at >= 0 && at < length)) throw new ShapeError(`${where}: expected an index in [${-length}, ${length}), got ${index}; check what made the indices`);
  return at;
}
