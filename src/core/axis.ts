// An axis is a length, or a name for a length that is known only when the program runs. Names combine into small
// polynomials with one canonical spelling ('batch*seq', 'seq+1'), so equal axes are equal strings.
import { ShapeError } from './errors.ts';

/** A length, or the canonical spelling of a symbolic one: `'seq'`, `'batch*seq'`, `'2*seq+1'`. */
export type Axis = number | string;
export type Shape = readonly Axis[];

// A polynomial: monomial ('batch*seq', '' for the constant) → integer coefficient.
type Polynomial = ReadonlyMap<string, number>;

const parse = (axis: Axis): Polynomial => {
  if (typeof axis === 'number') return new Map(axis === 0 ? [] : [['', axis]]);
  const terms = new Map<string, number>();
  for (const term of axis.replaceAll('-', '+-').split('+')) {
    if (term === '') continue;
    let coefficient = 1;
    const names: string[] = [];
    for (const factor of term.split('*')) {
      const bare = factor.startsWith('-') ? factor.slice(1) : factor;
      if (factor.startsWith('-')) coefficient = -coefficient;
      if (/^\d+$/.test(bare)) coefficient *= Number(bare);
      else names.push(bare);
    }
    const key = names.sort().join('*');
    terms.set(key, (terms.get(key) ?? 0) + coefficient);
  }
  return terms;
};

const spell = (polynomial: Polynomial): Axis => {
  const terms = [...polynomial].filter(([, c]) => c !== 0).sort(([a], [b]) => (a === '' ? 1 : b === '' ? -1 : a < b ? -1 : 1));
  if (terms.length === 0) return 0;
  if (terms.length === 1 && terms[0]?.[0] === '') return terms[0][1];
  return terms
    .map(([names, c], i) => {
      const sign = c < 0 ? '-' : i > 0 ? '+' : '';
      const size = Math.abs(c);
      return sign + (names === '' ? String(size) : size === 1 ? names : `${size}*${names}`);
    })
    .join('');
};

export const addAxes = (a: Axis, b: Axis): Axis => {
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  const sum = new Map(parse(a));
  for (const [names, c] of parse(b)) sum.set(names, (sum.get(names) ?? 0) + c);
  return spell(sum);
};

export const scaleAxis = (a: Axis, by: number): Axis =>
  typeof a === 'number' ? a * by + 0 : spell(new Map([...parse(a)].map(([names, c]) => [names, c * by])));

export const subtractAxes = (a: Axis, b: Axis): Axis => addAxes(a, scaleAxis(b, -1));

export const multiplyAxes = (a: Axis, b: Axis): Axis => {
  if (typeof a === 'number' && typeof b === 'number') return a * b + 0; // + 0: never −0
  const product = new Map<string, number>();
  for (const [n, c] of parse(a))
    for (const [m, d] of parse(b)) {
      const key = [...n.split('*'), ...m.split('*')].filter(Boolean).sort().join('*');
      product.set(key, (product.get(key) ?? 0) + c * d);
    }
  return spell(product);
};

/**
 * An axis cut into equal parts: `divideAxis('8*blocks', 8)` is `'blocks'`.
 *
 * @throws ShapeError where it does not divide
 */
export const divideAxis = (a: Axis, by: number): Axis => {
  const terms = [...parse(a)].map(([names, c]): [string, number] => [names, c / by]);
  if (!terms.every(([, c]) => Number.isInteger(c))) throw new ShapeError(`axis ${a}: expected a multiple of ${by}; write it as ${by}*name`);
  return spell(new Map(terms));
};

/** Number of elements of a shape, as an axis. */
export const sizeOf = (shape: Shape): Axis => shape.reduce(multiplyAxes, 1);

/** The bare names an axis is made of: `'2*batch*seq+1'` → `['batch', 'seq']`. */
export const namesIn = (axis: Axis): string[] =>
  typeof axis === 'number' ? [] : [...new Set([...parse(axis).keys()].flatMap((k) => k.split('*')).filter(Boolean))];

/** An axis as a sum of terms: what lowering needs to compute it at run time. */
export const termsOf = (axis: Axis): { coefficient: number; names: string[] }[] =>
  [...parse(axis)].filter(([, c]) => c !== 0).map(([names, coefficient]) => ({ coefficient, names: names === '' ? [] : names.split('*') }));

/** An axis that is some whole times one name, `'8*part'`: from its length follows that of the name. */
export const multipleOf = (axis: Axis): { readonly name: string; readonly times: number } | undefined => {
  const [term, ...more] = typeof axis === 'number' ? [] : termsOf(axis);
  return term && more.length === 0 && term.names.length === 1 && term.coefficient > 0 ? { name: term.names[0]!, times: term.coefficient } : undefined;
};

/** Whether an axis is negative for all lengths of its names. */
export const isNegative = (axis: Axis): boolean => (typeof axis === 'number' ? axis < 0 : termsOf(axis).every(({ coefficient }) => coefficient < 0));

/**
 * The length of an axis once the names are known.
 *
 * @throws ShapeError when a name has no length
 */
export const lengthOf = (axis: Axis, lengths: ReadonlyMap<string, number>): number => {
  if (typeof axis === 'number') return axis;
  let total = 0;
  for (const { coefficient, names } of termsOf(axis)) {
    let term = coefficient;
    for (const name of names) {
      const length = lengths.get(name);
      if (length === undefined) throw new ShapeError(`axis ${axis}: expected a length for ${name}, got none; feed an input that has this axis`);
      term *= length;
    }
    total += term;
  }
  return total;
};

/**
 * A shape in its canonical spelling: `['seq*batch', '1+seq']` → `['batch*seq', 'seq+1']`.
 *
 * @throws ShapeError for what is no length and no polynomial of names
 */
export function canonicalShape(where: string, shape: Shape): Shape {
  return shape.map((axis) => {
    if (typeof axis === 'number') {
      if (!Number.isInteger(axis) || axis < 0)
        throw new ShapeError(`${where}: expected lengths ≥ 0, got [${shape.join(', ')}]; name the axis if its length is open`);
      return axis;
    }
    if (simple.test(axis)) return axis;
    if (!polynomial.test(axis))
      throw new ShapeError(
        `${where}: expected axes that are numbers, names or sums of products of both, got [${shape.join(', ')}]; write them like batch*seq+1`,
      );
    return addAxes(axis, '0');
  });
}

const simple = /^[A-Za-z_]\w*$/;
const polynomial = /^-?\w+(?:\*\w+)*(?:[+-]\w+(?:\*\w+)*)*$/;

export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((axis, i) => axis === b[i]);
