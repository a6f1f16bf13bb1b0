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
export const arrange = (values: Float32Array, { view, take, order }: Arrangement): Float32Array => {
  if (values.length !== elements(view)) throw new ShapeError(`arrange: expected ${elements(view)} values for [${view.join(', ')}], got ${values.length}`);
  const strides = stridesOf(view);
  const axes = view.flatMap((length, axis) => (axis === take?.axis ? [] : [{ length, stride: strides[axis]! }]));
  const wanted = (order ?? axes.map((_, i) => i)).map((from) => axes[from]!);
  const out = new Float32Array(elements(wanted.map(({ length }) => length)));
  const inner = wanted.at(-1) ?? { length: 1, stride: 1 };
  const outer = wanted.slice(0, -1);
  const at = outer.map(() => 0);
  let from = take ? take.index * strides[take.axis]! : 0;
  for (let to = 0; to < out.length; to += inner.length) {
    for (let i = 0; i < inner.length; i++) out[to + i] = values[from + i * inner.stride]!;
    for (let axis = outer.length - 1; axis >= 0; axis--) {
      from += outer[axis]!.stride;
      if (++at[axis]! < outer[axis]!.length) break;
      from -= at[axis]! * outer[axis]!.stride;
      at[axis] = 0;
    }
  }
  return out;
};
