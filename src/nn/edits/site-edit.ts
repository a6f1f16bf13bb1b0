import { type Axis, add, cast, div, greater, max, mul, type Node, reshape, sum, transpose, where } from '../../core/index.ts';
import type { SiteLayout } from './site-layout.ts';

/** `patch` other values in its place · `add` values times a factor · `scale` by a factor · `zero`. */
export type SiteAction = 'patch' | 'add' | 'scale' | 'zero';

export interface EditValues {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/** What an edit takes when it is run: another run of the same program may take others. */
export interface EditChoice {
  /** Rows of each text, from its end where negative: the same in all texts, or a list for each text. Of scores and patterns those of queries. Default: all. */
  readonly positions?: readonly number[] | readonly (readonly number[])[];
  /** Of sites that have heads. Default: all. */
  readonly heads?: readonly number[];
  /** Of scores and patterns: the tokens looked at, from the end where negative. Default: all. */
  readonly keys?: readonly number[];
  /** For `patch` and `add`: of the last axes of the site. */
  readonly values?: EditValues;
  /** For `add` and `scale`. Default 1. */
  readonly factor?: number;
}

/** An edit of what a site computes: data, and JSON but for its values. */
export interface SiteEdit extends EditChoice {
  readonly site: string;
  readonly action: SiteAction;
  /** How many of the site's last axes the values have: 1 is a vector that serves all places. Default: those of `values`; else 1 for `add`, all for `patch`. */
  readonly axes?: number;
  /** Of patterns: rows that are edited are divided by their sums. Default false. */
  readonly renormalise?: boolean;
}

/** What an edit reads when it runs. */
export interface EditInputs {
  /** bool, of the shape of the layout's choices. */
  readonly where: Node;
  readonly values?: Node | undefined;
  /** float32 [] */
  readonly factor?: Node | undefined;
}

export const actions: Readonly<Record<SiteAction, { readonly values: boolean; readonly factor: boolean }>> = {
  patch: { values: true, factor: false },
  add: { values: true, factor: true },
  scale: { values: false, factor: true },
  zero: { values: false, factor: false },
};

/** @param x  in any layout that `values` broadcasts to */
const edited = (action: SiteAction, x: Node, { values, factor }: EditInputs): Node | number => {
  if (action === 'patch') return values!;
  if (action === 'add') return add(x, mul(values!, factor!));
  return action === 'scale' ? mul(x, factor!) : 0;
};

/** What a site computes with an edit on it: where nothing is chosen, the same bits. */
export const withEdit = (x: Node, { action, renormalise = false }: SiteEdit, { form, heads }: SiteLayout, inputs: EditInputs): Node => {
  if (form !== 'beside') {
    const chosen = where(inputs.where, edited(action, x, inputs), x);
    return renormalise
      ? where(greater(max(cast(inputs.where, 'float32'), -1, { keepDims: true }), 0), div(chosen, sum(chosen, [-1], { keepDims: true })), chosen)
      : chosen;
  }
  const [batch, seq, width] = x.shape as readonly [Axis, Axis, number];
  const split = (y: Node): Node => reshape(y, [...y.shape.slice(0, -1), heads!, width / heads!]);
  const each = split(x); // [batch, seq, heads, width]
  const own = { ...inputs, values: inputs.values && split(inputs.values) };
  return reshape(where(transpose(inputs.where, [0, 2, 1, 3]), edited(action, each, own), each), [batch, seq, width]);
};
