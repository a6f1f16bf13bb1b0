// Reductions over axes, and expand, which is their inverse.
import { canonicalShape, type Shape, sameShape, sizeOf } from '../axis.ts';
import { ShapeError } from '../errors.ts';
import { axisLength, requireFloat } from '../leaf.ts';
import { defineOp, type Node, type Tensor } from '../node.ts';
import { around, axisAt, broadcastData, broadcastShapes, broadcastStrides, elements, offsetsOf, show } from '../strided.ts';
import { cast, equal } from './compare.ts';
import { unsqueeze } from './move.ts';
import { div, exp, mul, sub } from './pointwise.ts';

export interface ReduceOptions {
  /** Leave reduced axes in place with length 1. */
  readonly keepDims?: boolean;
}
interface ReduceAttrs {
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}

const reduced = (shape: Shape, { axes, keepDims }: ReduceAttrs): Shape =>
  keepDims ? shape.map((own, i) => (axes.includes(i) ? 1 : own)) : shape.filter((_, i) => !axes.includes(i));

/** Something of the reduced shape, with the reduced axes back in place with length 1. */
const restored = (y: Node, { axes, keepDims }: ReduceAttrs): Node => (keepDims ? y : axes.toSorted((a, b) => a - b).reduce((x, axis) => unsqueeze(x, axis), y));

/** Folds the elements that fall on the same place of the result. */
const fold = (x: Tensor, { axes }: ReduceAttrs, shape: readonly number[], start: number, step: (total: number, v: number) => number): Tensor => {
  const kept = x.shape.map((own, i) => (axes.includes(i) ? 1 : own));
  const data = new Float64Array(elements(kept)).fill(start);
  const offsets = offsetsOf(x.shape, broadcastStrides(kept, x.shape));
  for (let i = 0; i < offsets.length; i++) data[offsets[i]!] = step(data[offsets[i]!]!, x.data[i]!);
  return { shape, data };
};

const reduction = (
  name: string,
  onnx: string,
  reference: (x: Tensor, attrs: ReduceAttrs, shape: readonly number[]) => Tensor,
  grad: (x: Node, y: Node, d: Node, attrs: ReduceAttrs) => Node,
) => {
  const op = defineOp<ReduceAttrs>({
    name,
    infer: ([x], attrs) => ({ shape: reduced(x!.shape, attrs), dtype: x!.dtype }),
    // y and d are handed over with the reduced axes in place
    grad: (y, d) => [grad(y.inputs[0]!, restored(y, y.attrs), restored(d, y.attrs), y.attrs)],
    lower: (emit, { attrs: { axes, keepDims } }, [x]) => emit.node(onnx, [x!, emit.constant('int64', [axes.length], axes)], { keepdims: Number(keepDims) }),
    reference: ([x], attrs, shape) => reference(x!, attrs, shape),
  });
  return (x: Node, axes: number | readonly number[], { keepDims = false }: ReduceOptions = {}): Node => {
    const list = (typeof axes === 'number' ? [axes] : axes).map((axis) => axisAt(name, axis, x.shape.length));
    if (new Set(list).size < list.length) throw new ShapeError(`${name}: expected different axes, got [${list.join(', ')}] of ${show(x)}; name each once`);
    return list.length === 0 ? x : op([x], { axes: list, keepDims });
  };
};

/** Sum over axes. */
export const sum = reduction(
  'sum',
  'ReduceSum',
  (x, attrs, shape) => fold(x, attrs, shape, 0, (total, v) => total + v),
  (x, _y, d) => expand(d, x.shape),
);

const sizeOver = (x: Node, axes: readonly number[]): Node => axisLength(sizeOf(axes.map((axis) => x.shape[axis]!)), x.dtype);

/** Mean over axes. */
export const mean = reduction(
  'mean',
  'ReduceMean',
  (x, attrs, shape) => {
    const total = fold(x, attrs, shape, 0, (sum, v) => sum + v);
    const count = elements(attrs.axes.map((axis) => x.shape[axis]!));
    return { shape, data: total.data.map((v) => v / count) };
  },
  (x, _y, d, { axes }) => expand(div(d, sizeOver(x, axes)), x.shape),
);

/** Largest over axes. At a tie all the largest share the gradient equally. */
export const max = reduction(
  'max',
  'ReduceMax',
  (x, attrs, shape) => fold(x, attrs, shape, -Infinity, Math.max),
  (x, y, d, { axes }) => {
    const winners = cast(equal(x, y), x.dtype);
    return mul(winners, div(d, sum(winners, axes, { keepDims: true })));
  },
);

const logSumExpMany = reduction(
  'logSumExp',
  'ReduceLogSumExp',
  (x, attrs, shape) => {
    const highest = fold(x, attrs, shape, -Infinity, Math.max);
    const kept = reduced(x.shape, { axes: attrs.axes, keepDims: true }) as number[];
    const shift = broadcastData({ shape: kept, data: highest.data.map((v) => (Number.isFinite(v) ? v : 0)) }, x.shape);
    const total = fold({ shape: x.shape, data: x.data.map((v, i) => Math.exp(v - shift[i]!)) }, attrs, shape, 0, (sum, v) => sum + v);
    return { shape, data: total.data.map((v, i) => Math.log(v) + (Number.isFinite(highest.data[i]!) ? highest.data[i]! : 0)) };
  },
  (x, y, d) => mul(d, exp(sub(x, y))),
);

/** log Σ exp over one axis, shifted by the maximum. Mask with a large finite negative number, not −∞: where all is −∞ the gradient is not a number. */
export const logSumExp = (x: Node, axis: number, options: ReduceOptions = {}): Node => {
  requireFloat('logSumExp', x);
  return logSumExpMany(x, [axis], options);
};

const argmaxOp = defineOp<{ axis: number }>({
  name: 'argmax',
  infer: ([x], { axis }) => ({ shape: x!.shape.toSpliced(axis, 1), dtype: 'int64' }),
  grad: () => [],
  lower: (emit, { attrs }, [x]) => emit.node('ArgMax', [x!], { axis: attrs.axis, keepdims: 0 }),
  reference: ([x], { axis }, shape) => {
    const { outer, length, inner } = around(x!.shape, axis);
    const data = new Float64Array(outer * inner);
    for (let o = 0; o < outer; o++)
      for (let i = 0; i < inner; i++) {
        const at = (k: number) => x!.data[(o * length + k) * inner + i]!;
        let best = 0;
        for (let k = 1; k < length; k++) if (at(k) > at(best)) best = k;
        data[o * inner + i] = best;
      }
    return { shape, data };
  },
});

/** Position of the largest along one axis, int64; the first of equals. */
export const argmax = (x: Node, axis: number): Node => argmaxOp([x], { axis: axisAt('argmax', axis, x.shape.length) });

interface CumsumAttrs {
  readonly axis: number;
  readonly reverse: boolean;
}
const cumsumOp = defineOp<CumsumAttrs>({
  name: 'cumsum',
  infer: ([x]) => x!,
  grad: ({ attrs: { axis, reverse } }, d) => [cumsum(d, axis, { reverse: !reverse })],
  lower: (emit, { attrs: { axis, reverse } }, [x]) => emit.node('CumSum', [x!, emit.constant('int64', [], [axis])], { reverse: Number(reverse) }),
  reference: ([x], { axis, reverse }, shape) => {
    const { outer, length, inner } = around(shape, axis);
    const data = new Float64Array(x!.data.length);
    for (let o = 0; o < outer; o++)
      for (let i = 0; i < inner; i++) {
        let total = 0;
        for (let k = 0; k < length; k++) {
          const at = (o * length + (reverse ? length - 1 - k : k)) * inner + i;
          total += x!.data[at]!;
          data[at] = total;
        }
      }
    return { shape, data };
  },
});

/** Running sum along one axis, from the end with `reverse`. */
export const cumsum = (x: Node, axis: number, { reverse = false }: { readonly reverse?: boolean } = {}): Node =>
  cumsumOp([x], { axis: axisAt('cumsum', axis, x.shape.length), reverse });

const expandOp = defineOp<{ shape: Shape }>({
  name: 'expand',
  infer: ([x], { shape }) => {
    if (!sameShape(broadcastShapes('expand', x!.shape, shape), shape))
      throw new ShapeError(`expand: expected a shape that ${show(x!)} broadcasts to, got [${shape.join(', ')}]; only axes of length 1 grow`);
    return { shape, dtype: x!.dtype };
  },
  grad: (_, d) => [d], // the accumulator sums broadcast axes away
  lower: (emit, { attrs }, [x]) => emit.node('Expand', [x!, emit.shape(attrs.shape)]),
  reference: ([x], _, shape) => ({ shape, data: broadcastData(x!, shape) }),
});

/** Broadcasts to a shape. */
export const expand = (x: Node, shape: Shape): Node => (sameShape(x.shape, shape) ? x : expandOp([x], { shape: canonicalShape('expand', shape) }));
