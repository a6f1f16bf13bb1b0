import { elements, ShapeError, stridesOf } from '../core/index.ts';

/**
 * How a parameter lies in a tensor of a file that is not it: the tensor, of shape `stored`, is seen as `view`; of one axis of that, one index is taken; the axes left are put
 * into another order, and what then lies row by row is the parameter.
 */
export interface Arrangement {
  readonly stored: readonly number[];
  readonly view: readonly number[];
  readonly take?: { readonly axis: number; readonly index: number };
  /** Axis i of the result is axis `order[i]` of what was taken. Default: as they are. */
  readonly order?: readonly number[];
}

/** A weight kept [in, out], as it is multiplied from the left. */
export const turned = ([rows, columns]: readonly [number, number]): Arrangement => ({ stored: [rows, columns], view: [rows, columns], order: [1, 0] });

/**
 * The values of a parameter, read out of the tensor that holds them.
 *
 * @throws ShapeError where there are not as many values as the view has
 */
export const arrange = (values: Float32Array, how: Arrangement): Float32Array => {
  if (values.length !== elements(how.view))
    throw new ShapeError(`arrange: expected ${elements(how.view)} values for [${how.view.join(', ')}], got ${values.length}`);
  const out = new Float32Array(elements(how.view) / (how.take ? how.view[how.take.axis]! : 1));
  eachRow(how, out.length, (to, from, length, stride) => {
    for (let i = 0; i < length; i++) out[to + i] = values[from + i * stride]!;
  });
  return out;
};

/**
 * The reverse: writes a parameter where it lies in its tensor; what else the tensor holds stays.
 *
 * @throws ShapeError where there are not as many values as the arrangement takes, or as the tensor has
 */
export const putBack = (parameter: Float32Array, how: Arrangement, into: Float32Array): void => {
  const count = elements(how.view) / (how.take ? how.view[how.take.axis]! : 1);
  if (parameter.length !== count || into.length !== elements(how.view))
    throw new ShapeError(`putBack: expected ${count} values of ${elements(how.view)}, got ${parameter.length} of ${into.length}`);
  eachRow(how, count, (at, to, length, stride) => {
    for (let i = 0; i < length; i++) into[to + i * stride] = parameter[at + i]!;
  });
};

/** Row by row: where it begins in the parameter, where in the tensor, its length, and how far apart its values lie in the tensor. */
const eachRow = ({ view, take, order }: Arrangement, count: number, row: (own: number, stored: number, length: number, stride: number) => void): void => {
  const strides = stridesOf(view);
  const axes = view.flatMap((length, axis) => (axis === take?.axis ? [] : [{ length, stride: strides[axis]! }]));
  const wanted = (order ?? axes.map((_, i) => i)).map((from) => axes[from]!);
  const inner = wanted.at(-1) ?? { length: 1, stride: 1 };
  const outer = wanted.slice(0, -1);
  const at = outer.map(() => 0);
  let from = take ? take.index * strides[take.axis]! : 0;
  for (let own = 0; own < count; own += inner.length) {
    row(own, from, inner.length, inner.stride);
    for (let axis = outer.length - 1; axis >= 0; axis--) {
      from += outer[axis]!.stride;
      if (++at[axis]! < outer[axis]!.length) break;
      from -= at[axis]! * outer[axis]!.stride;
      at[axis] = 0;
    }
  }
};
