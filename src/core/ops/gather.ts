// Reading and writing by index, filed by inverse pairs: gather ↔ scatterAdd, takeAlong ↔ putAlong. Writes add up, so repeated indices are safe;
// they lower to ScatterElements with reduction=add, never to ScatterND, which races on repeated indices.
import { type Axis, type Shape, sameShape, sizeOf } from '../axis.ts';
import { ShapeError } from '../errors.ts';
import { iota } from '../leaf.ts';
import { type Dtype, defineOp, type Emit, type Node } from '../node.ts';
import { around, axisAt, elements, positionIn, show } from '../strided.ts';
import { cast, equal } from './compare.ts';
import { transpose, unsqueeze } from './move.ts';

const requireIndices = (where: string, indices: Node): void => {
  if (indices.dtype !== 'int64' && indices.dtype !== 'int32')
    throw new ShapeError(`${where}: expected int64 or int32 indices, got ${show(indices)}; cast them`);
};

interface GatherAttrs {
  readonly axis: number;
  readonly few?: true;
}

const gatherOp = defineOp<GatherAttrs>({
  name: 'gather',
  infer: ([x, indices], { axis }) => {
    requireIndices('gather', indices!);
    return { shape: [...x!.shape.slice(0, axis), ...indices!.shape, ...x!.shape.slice(axis + 1)], dtype: x!.dtype };
  },
  grad: ({ inputs: [x, indices], attrs: { axis, few } }, d) => {
    const length = x!.shape[axis]!;
    const attrs: ScatterAttrs = { length, checked: true, ...(few && { few }) };
    if (axis === 0) return [scatterAddOp([indices!, d], attrs), undefined];
    // scatter over the leading axis, then put the axis back
    const rank = indices!.shape.length;
    const before = Array.from({ length: axis }, (_, i) => i);
    const own = Array.from({ length: rank }, (_, i) => axis + i);
    const after = Array.from({ length: x!.shape.length - axis - 1 }, (_, i) => axis + rank + i);
    const scattered = scatterAddOp([indices!, transpose(d, [...own, ...before, ...after])], attrs);
    const back = [...before.map((i) => i + 1), 0, ...after.map((_, i) => axis + 1 + i)];
    return [transpose(scattered, back), undefined];
  },
  lower: (emit, { attrs }, inputs) => emit.node('Gather', inputs, { axis: attrs.axis }),
  reference: ([x, indices], { axis }, shape) => {
    const { outer, length, inner } = around(x!.shape, axis);
    const count = indices!.data.length;
    const data = new Float64Array(outer * count * inner);
    for (let o = 0; o < outer; o++)
      for (let k = 0; k < count; k++) {
        const from = (o * length + positionIn('gather', indices!.data[k]!, length)) * inner;
        data.set(x!.data.subarray(from, from + inner), (o * count + k) * inner);
      }
    return { shape, data };
  },
});

/**
 * Picks positions of one axis: result shape is `x.shape[:axis] + indices.shape + x.shape[axis+1:]`. Negative indices count from the back.
 *
 * @param options.few  promises that the axis, though it is symbolic, has some hundreds of positions at most: the gradient may then be a product
 */
export const gather = (x: Node, indices: Node, axis = 0, { few = false }: { few?: boolean } = {}): Node =>
  gatherOp([x, indices], { axis: axisAt('gather', axis, x.shape.length), ...(few && { few }) });

const zeros = (emit: Emit, dtype: Dtype, shape: Shape): string => emit.node('Expand', [emit.constant(dtype, [], [0]), emit.shape(shape)]);

interface ScatterAttrs {
  readonly length: Axis;
  /** The indices have been through a gather of the same length, which refuses those outside. */
  readonly checked: boolean;
  readonly few?: true;
}

// Up to this length a product with a one-hot matrix beats ScatterElements, which runs on one thread at about 10 ns an element.
const shortLength = 512;

const scatterAddOp: (inputs: readonly Node[], attrs: ScatterAttrs) => Node<ScatterAttrs> = defineOp<ScatterAttrs>({
  name: 'scatterAdd',
  infer: ([indices, updates], { length }) => {
    requireIndices('scatterAdd', indices!);
    const rank = indices!.shape.length;
    if (!sameShape(updates!.shape.slice(0, rank), indices!.shape))
      throw new ShapeError(
        `scatterAdd: expected updates that begin with the axes of the indices, got ${show(indices!)} and ${show(updates!)}; one index for each row`,
      );
    return { shape: [length, ...updates!.shape.slice(rank)], dtype: updates!.dtype };
  },
  grad: ({ inputs: [indices] }, d) => [undefined, gather(d, indices!)],
  lower: (emit, { attrs: { length, checked, few = false }, shape, dtype, inputs: [indexNode] }, [indices, updates]) => {
    const rows = sizeOf(indexNode!.shape);
    const width = sizeOf(shape.slice(1));
    const flat = emit.node('Reshape', [updates!, emit.shape([rows, width])], { allowzero: 1 });
    if (
      checked &&
      dtype === 'float32' &&
      indexNode!.dtype === 'int64' &&
      (typeof length === 'number' ? length <= shortLength : few) &&
      typeof width === 'number' &&
      width >= 32
    ) {
      const list = emit.node('Reshape', [indices!, emit.shape([rows])], { allowzero: 1 });
      const hot = emit.node('OneHot', [list, emit.axis(length), emit.constant('float32', [2], [0, 1])]);
      const product = emit.node('FusedMatMul', [hot, flat], { transA: 1, transB: 0, alpha: { float: 1 } }, 'com.microsoft');
      return shape.length === 2 ? product : emit.node('Reshape', [product, emit.shape(shape)], { allowzero: 1 });
    }
    const column = emit.node('Reshape', [indices!, emit.shape([rows, 1])], { allowzero: 1 });
    const everywhere = width === 1 ? column : emit.node('Expand', [column, emit.shape([rows, width])]);
    const base = zeros(emit, dtype, [length, width]);
    const scattered = emit.node('ScatterElements', [base, everywhere, flat], { axis: 0, reduction: 'add' });
    return shape.length === 2 ? scattered : emit.node('Reshape', [scattered, emit.shape(shape)], { allowzero: 1 });
  },
  reference: ([indices, updates], _, shape) => {
    const width = elements(shape.slice(1));
    const data = new Float64Array(elements(shape));
    for (let row = 0; row < indices!.data.length; row++) {
      const to = positionIn('scatterAdd', indices!.data[row]!, shape[0]!) * width;
      for (let i = 0; i < width; i++) data[to + i]! += updates!.data[row * width + i]!;
    }
    return { shape, data };
  },
});

/** Rows of zeros, [length, ...rest], to which every row of `updates` [...indices.shape, ...rest] is added at its index. */
export const scatterAdd = (indices: Node, updates: Node, length: Axis): Node => scatterAddOp([indices, updates], { length, checked: false });

const requireAlong = (where: string, x: Node, indices: Node, axis: number): void => {
  requireIndices(where, indices);
  const fits = indices.shape.length === x.shape.length && indices.shape.every((own, i) => i === axis || own === x.shape[i]);
  if (!fits)
    throw new ShapeError(`${where}: expected indices shaped as the other but for axis ${axis}, got ${show(indices)} and ${show(x)}; expand the indices`);
};

const takeAlongOp = defineOp<{ axis: number }>({
  name: 'takeAlong',
  infer: ([x, indices], { axis }) => {
    requireAlong('takeAlong', x!, indices!, axis);
    return { shape: indices!.shape, dtype: x!.dtype };
  },
  grad: ({ inputs: [x, indices], attrs: { axis } }, d) => [putAlong(indices!, d, axis, x!.shape[axis]!), undefined],
  lower: (emit, { attrs }, inputs) => emit.node('GatherElements', inputs, { axis: attrs.axis }),
  reference: ([x, indices], { axis }, shape) => {
    const { outer, length: count, inner } = around(shape, axis);
    const length = x!.shape[axis]!;
    const data = new Float64Array(elements(shape));
    for (let o = 0; o < outer; o++)
      for (let k = 0; k < count; k++)
        for (let i = 0; i < inner; i++) {
          const at = (o * count + k) * inner + i;
          data[at] = x!.data[(o * length + positionIn('takeAlong', indices!.data[at]!, length)) * inner + i]!;
        }
    return { shape, data };
  },
});

/** Along one axis, result[…, k, …] = x[…, indices[…, k, …], …]. */
export const takeAlong = (x: Node, indices: Node, axis: number): Node => takeAlongOp([x, indices], { axis: axisAt('takeAlong', axis, x.shape.length) });

const putAlongOp = defineOp<{ axis: number; length: Axis }>({
  name: 'putAlong',
  infer: ([indices, updates], { axis, length }) => {
    requireAlong('putAlong', updates!, indices!, axis);
    if (indices!.shape[axis] !== updates!.shape[axis])
      throw new ShapeError(`putAlong: expected one update for each index, got ${show(indices!)} and ${show(updates!)}; expand the shorter`);
    return { shape: updates!.shape.with(axis, length), dtype: updates!.dtype };
  },
  grad: ({ inputs: [indices], attrs: { axis } }, d) => [undefined, takeAlong(d, indices!, axis)],
  lower: (emit, node, [indices, updates]) =>
    emit.node('ScatterElements', [zeros(emit, node.dtype, node.shape), indices!, updates!], { axis: node.attrs.axis, reduction: 'add' }),
  reference: ([indices, updates], { axis }, shape) => {
    const { outer, length: count, inner } = around(updates!.shape, axis);
    const length = shape[axis]!;
    const data = new Float64Array(elements(shape));
    for (let o = 0; o < outer; o++)
      for (let k = 0; k < count; k++)
        for (let i = 0; i < inner; i++) {
          const at = (o * count + k) * inner + i;
          data[(o * length + positionIn('putAlong', indices!.data[at]!, length)) * inner + i]! += updates!.data[at]!;
        }
    return { shape, data };
  },
});

/** Zeros of the given length along one axis, with every update added where its index points: the transpose of takeAlong. */
export const putAlong = (indices: Node, updates: Node, axis: number, length: Axis): Node =>
  putAlongOp([indices, updates], { axis: axisAt('putAlong', axis, updates.shape.length), length });

const topKOp = defineOp<{ k: Axis }>({
  name: 'topK',
  infer: ([x], { k }) => {
    const length = x!.shape.at(-1);
    if (length === undefined || (typeof length === 'number' && typeof k === 'number' && k > length))
      throw new ShapeError(`topK: expected at least ${k} elements on the last axis, got ${show(x!)}; lower k`);
    return { shape: x!.shape.with(-1, k), dtype: 'int64' };
  },
  grad: () => [],
  lower: (emit, { attrs }, [x]) => emit.nodes('TopK', [x!, emit.shape([attrs.k])], 2, { axis: -1, largest: 1, sorted: 1 })[1]!,
  reference: ([x], _, shape) => {
    const { outer, length } = around(x!.shape, x!.shape.length - 1);
    const k = shape.at(-1)!;
    const data = new Float64Array(outer * k);
    for (let o = 0; o < outer; o++) {
      const row = x!.data.subarray(o * length, (o + 1) * length);
      const order = Array.from(row, (_, i) => i).sort((a, b) => row[b]! - row[a]! || a - b);
      data.set(order.slice(0, k), o * k);
    }
    return { shape, data };
  },
});

/** The k largest of the last axis in descending order; of equals the lower index first. Gradients flow through `values`. */
export function topK(x: Node, k: Axis): { readonly values: Node; readonly indices: Node } {
  const indices = topKOp([x], { k });
  return { values: takeAlong(x, indices, -1), indices };
}

/** [...indices.shape, depth] float32: 1 at the index, 0 elsewhere. */
export const oneHot = (indices: Node, depth: Axis): Node => cast(equal(unsqueeze(indices, -1), iota(depth, indices.dtype)), 'float32');
