// Moving elements, filed by inverse pairs: reshape and transpose undo themselves, slice ↔ pad, concat ↔ split, squeeze ↔ unsqueeze.
import { type Axis, addAxes, isNegative, lengthOf, type Shape, sameShape, sizeOf, subtractAxes } from '../axis.ts';
import { ShapeError } from '../errors.ts';
import { constant, isConstant } from '../leaf.ts';
import { defineOp, type Node } from '../node.ts';
import { around, axisAt, offsetsOf, sameDtype, show, stridesOf } from '../strided.ts';

const reshapeOp = defineOp<{ shape: Shape }>({
  name: 'reshape',
  infer: ([x], { shape }) => {
    if (sizeOf(x!.shape) !== sizeOf(shape))
      throw new ShapeError(
        `reshape: expected as many elements, got ${show(x!)} to [${shape.join(', ')}]; the first has ${sizeOf(x!.shape)}, the second ${sizeOf(shape)}`,
      );
    return { shape, dtype: x!.dtype };
  },
  grad: ({ inputs: [x] }, d) => [reshape(d, x!.shape)],
  lower: (emit, { attrs }, [x]) => emit.node('Reshape', [x!, emit.shape(attrs.shape)], { allowzero: 1 }),
  reference: ([x], _, shape) => ({ shape, data: x!.data }),
});

/** Same elements in the same order under another shape of equal size; symbolic sizes must agree as polynomials: [batch, seq, 8] → [batch*seq, 8]. */
export const reshape = (x: Node, shape: Shape): Node => (sameShape(x.shape, shape) ? x : reshapeOp([x], { shape }));

const transposeOp = defineOp<{ permutation: readonly number[] }>({
  name: 'transpose',
  infer: ([x], { permutation }) => {
    if (permutation.length !== x!.shape.length || permutation.some((_, i) => !permutation.includes(i)))
      throw new ShapeError(
        `transpose: expected a permutation of ${x!.shape.length} axes, got [${permutation.join(', ')}] for ${show(x!)}; name every axis once`,
      );
    return { shape: permutation.map((from) => x!.shape[from]!), dtype: x!.dtype };
  },
  grad: ({ attrs: { permutation } }, d) => [
    transpose(
      d,
      permutation.map((_, i) => permutation.indexOf(i)),
    ),
  ],
  lower: (emit, { attrs }, [x]) => emit.node('Transpose', [x!], { perm: attrs.permutation }),
  reference: ([x], { permutation }, shape) => {
    const strides = stridesOf(x!.shape);
    const offsets = offsetsOf(
      shape,
      permutation.map((from) => strides[from]!),
    );
    return { shape, data: Float64Array.from(offsets, (at) => x!.data[at]!) };
  },
});

/** Axis i of the result is axis `permutation[i]` of x. */
export const transpose = (x: Node, permutation: readonly number[]): Node =>
  permutation.length === x.shape.length && permutation.every((from, to) => from === to) ? x : transposeOp([x], { permutation });

interface SliceAttrs {
  readonly axis: number;
  readonly start: Axis;
  readonly end: Axis;
}

const withAxis = (shape: Shape, axis: number, length: Axis): Shape => shape.map((own, i) => (i === axis ? length : own));

const sliceOp = defineOp<SliceAttrs>({
  name: 'slice',
  infer: ([x], { axis, start, end }) => {
    const length = subtractAxes(end, start);
    const rest = subtractAxes(x!.shape[axis]!, end);
    const negative = [start, length, rest].some(isNegative);
    if (negative)
      throw new ShapeError(
        `slice: expected 0 ≤ start ≤ end ≤ ${x!.shape[axis]} on axis ${axis} of ${show(x!)}, got ${start} to ${end}; subtract from the length to count from the back`,
      );
    return { shape: withAxis(x!.shape, axis, length), dtype: x!.dtype };
  },
  grad: ({ inputs: [x], attrs: { axis, start, end } }, d) => [pad(d, axis, start, subtractAxes(x!.shape[axis]!, end))],
  lower: (emit, { attrs: { axis, start, end } }, [x]) => emit.node('Slice', [x!, emit.shape([start]), emit.shape([end]), emit.constant('int64', [1], [axis])]),
  reference: ([x], { axis, start }, shape, lengths) => {
    const strides = stridesOf(x!.shape);
    const offsets = offsetsOf(shape, strides, lengthOf(start, lengths) * strides[axis]!);
    return { shape, data: Float64Array.from(offsets, (at) => x!.data[at]!) };
  },
});

/** Positions start … end − 1 of one axis; both may be symbolic (`slice(x, 1, 'past', 'past+seq')`). */
export function slice(x: Node, axis: number, start: Axis, end: Axis): Node {
  const at = axisAt('slice', axis, x.shape.length);
  return start === 0 && end === x.shape[at] ? x : sliceOp([x], { axis: at, start, end });
}

interface PadAttrs {
  readonly axis: number;
  readonly before: Axis;
  readonly after: Axis;
  readonly value: number;
}

const padOp = defineOp<PadAttrs>({
  name: 'pad',
  infer: ([x], { axis, before, after }) => {
    if ([before, after].some(isNegative))
      throw new ShapeError(`pad: expected lengths ≥ 0, got ${before} and ${after} on axis ${axis} of ${show(x!)}; slice to shorten`);
    return { shape: withAxis(x!.shape, axis, addAxes(addAxes(before, x!.shape[axis]!), after)), dtype: x!.dtype };
  },
  grad: ({ inputs: [x], attrs: { axis, before } }, d) => [slice(d, axis, before, addAxes(before, x!.shape[axis]!))],
  lower: (emit, { attrs: { axis, before, after, value }, dtype }, [x]) =>
    emit.node('Pad', [x!, emit.shape([before, after]), emit.constant(dtype, [], [value]), emit.constant('int64', [1], [axis])]),
  reference: ([x], { axis, before, value }, shape, lengths) => {
    const data = new Float64Array(shape.reduce((a, b) => a * b, 1)).fill(value);
    const strides = stridesOf(shape);
    offsetsOf(x!.shape, strides, lengthOf(before, lengths) * strides[axis]!).forEach((at, i) => {
      data[at] = x!.data[i]!;
    });
    return { shape, data };
  },
});

/** Puts `before` and `after` positions of `value` around one axis. */
export function pad(x: Node, axis: number, before: Axis, after: Axis, value = 0): Node {
  return before === 0 && after === 0 ? x : padOp([x], { axis: axisAt('pad', axis, x.shape.length), before, after, value });
}

const concatOp = defineOp<{ axis: number }>({
  name: 'concat',
  infer: (inputs, { axis }) => {
    const first = inputs[0]!;
    const fits = inputs.every((x) => x.shape.length === first.shape.length && x.shape.every((own, i) => i === axis || own === first.shape[i]));
    if (!fits) throw new ShapeError(`concat: expected shapes that differ in axis ${axis} only, got ${inputs.map(show).join(', ')}; broadcast or reshape first`);
    return { shape: withAxis(first.shape, axis, inputs.map((x) => x.shape[axis]!).reduce(addAxes)), dtype: sameDtype('concat', inputs) };
  },
  grad: ({ inputs, attrs: { axis } }, d) => {
    let start: Axis = 0;
    return inputs.map((x) => {
      const end = addAxes(start, x.shape[axis]!);
      const part = slice(d, axis, start, end);
      start = end;
      return part;
    });
  },
  lower: (emit, { attrs }, inputs) => emit.node('Concat', inputs, { axis: attrs.axis }),
  reference: (inputs, { axis }, shape) => {
    const { outer, length, inner } = around(shape, axis);
    const data = new Float64Array(outer * length * inner);
    let start = 0;
    for (const x of inputs) {
      const block = x.shape[axis]! * inner;
      for (let o = 0; o < outer; o++) data.set(x.data.subarray(o * block, (o + 1) * block), (o * length + start) * inner);
      start += x.shape[axis]!;
    }
    return { shape, data };
  },
});

/** Joins along one axis; all other axes equal. */
export function concat(xs: readonly Node[], axis: number): Node {
  const [first] = xs;
  if (!first) throw new ShapeError('concat: expected at least one node, got none; give it a list');
  return xs.length === 1 ? first : concatOp(xs, { axis: axisAt('concat', axis, first.shape.length) });
}

/** Cuts one axis into parts of the given sizes. @throws ShapeError when they do not add up to its length */
export function split(x: Node, axis: number, sizes: readonly Axis[]): Node[] {
  const at = axisAt('split', axis, x.shape.length);
  const total = sizes.reduce(addAxes, 0);
  if (total !== x.shape[at])
    throw new ShapeError(`split: expected sizes that add up to ${x.shape[at]}, axis ${at} of ${show(x)}, got [${sizes.join(', ')}]; they add up to ${total}`);
  let start: Axis = 0;
  return sizes.map((size) => {
    const end = addAxes(start, size);
    const part = slice(x, at, start, end);
    start = end;
    return part;
  });
}

const unsqueezeOp = defineOp<{ axis: number }>({
  name: 'unsqueeze',
  infer: ([x], { axis }) => ({ shape: x!.shape.toSpliced(axis, 0, 1), dtype: x!.dtype }),
  grad: ({ attrs }, d) => [squeeze(d, attrs.axis)],
  lower: (emit, { attrs }, [x]) => emit.node('Unsqueeze', [x!, emit.constant('int64', [1], [attrs.axis])]),
  reference: ([x], _, shape) => ({ shape, data: x!.data }),
});

/** Adds an axis of length 1 that stands at `axis` of the result. */
export function unsqueeze(x: Node, axis: number): Node {
  const at = axisAt('unsqueeze', axis, x.shape.length + 1);
  return isConstant(x) ? constant(x.attrs.data, x.attrs.shape.toSpliced(at, 0, 1), x.dtype) : unsqueezeOp([x], { axis: at });
}

const squeezeOp = defineOp<{ axis: number }>({
  name: 'squeeze',
  infer: ([x], { axis }) => {
    if (x!.shape[axis] !== 1) throw new ShapeError(`squeeze: expected length 1 at axis ${axis}, got ${show(x!)}; slice or reduce it first`);
    return { shape: x!.shape.toSpliced(axis, 1), dtype: x!.dtype };
  },
  grad: ({ attrs }, d) => [unsqueeze(d, attrs.axis)],
  lower: (emit, { attrs }, [x]) => emit.node('Squeeze', [x!, emit.constant('int64', [1], [attrs.axis])]),
  reference: ([x], _, shape) => ({ shape, data: x!.data }),
});

/** Drops an axis of length 1. */
export const squeeze = (x: Node, axis: number): Node => squeezeOp([x], { axis: axisAt('squeeze', axis, x.shape.length) });
