import { lengthOf, multipleOf, namesIn } from './axis.ts';
import { ShapeError } from './errors.ts';
import { isInput, isParameter, nameOf } from './leaf.ts';
import { inOrder, type Node, type Tensor } from './node.ts';
import { elements, show } from './strided.ts';

/** A tensor of the reference evaluator. */
export const tensor = (shape: readonly number[], data: ArrayLike<number>): Tensor => ({ shape, data: Float64Array.from(data) });

/**
 * Plain float64 evaluation: the oracle that backends are held against. Slow and simple. Integers do not wrap: only a cast brings them back into their range.
 *
 * @param bindings  values of inputs and parameters by name or node; a node of any kind may be given a value, which then stands for it
 * @param lengths   lengths of axis names that no bound input shows
 * @throws ShapeError when an input has no value, or one of another shape
 */
export function evaluate(roots: readonly Node[], bindings: ReadonlyMap<Node | string, Tensor>, lengths: ReadonlyMap<string, number> = new Map()): Tensor[] {
  const given = (node: Node): Tensor | undefined => bindings.get(node) ?? (isInput(node) || isParameter(node) ? bindings.get(nameOf(node)) : undefined);
  const order = inOrder(roots, (node) => given(node) !== undefined);
  const known = bindLengths(
    order.flatMap((node) => {
      const value = given(node);
      return value ? [{ node, shape: value.shape }] : [];
    }),
    lengths,
  );
  const values = new Map<Node, Tensor>();
  for (const node of order) {
    const bound = given(node);
    const shape = bound?.shape ?? node.shape.map((axis) => lengthOf(axis, known));
    const value =
      bound ??
      node.op.reference(
        node.inputs.map((input) => values.get(input)!),
        node.attrs,
        shape,
        known,
      );
    if (value.data.length !== elements(shape))
      throw new ShapeError(
        `${node.op.name}: expected ${elements(shape)} elements for [${shape.join(', ')}], got ${value.data.length}; a tensor's data must fill its shape`,
      );
    values.set(node, value);
  }
  return roots.map((root) => values.get(root)!);
}

/**
 * Lengths of axis names, read off the shapes that values have.
 *
 * @throws ShapeError where a value does not fit its node, or two values disagree on a name
 */
export function bindLengths(
  values: readonly { readonly node: Node; readonly shape: readonly number[] }[],
  lengths: ReadonlyMap<string, number> = new Map(),
): ReadonlyMap<string, number> {
  const known = new Map(lengths);
  const called = (node: Node) => (isInput(node) || isParameter(node) ? `${node.op.name} ${nameOf(node)}` : node.op.name);
  for (const { node, shape } of values) {
    if (shape.length !== node.shape.length)
      throw new ShapeError(`${called(node)}: expected ${show(node)}, got [${shape.join(', ')}]; give ${node.shape.length} axes`);
    node.shape.forEach((axis, i) => {
      if (typeof axis === 'string' && namesIn(axis)[0] === axis && !known.has(axis)) known.set(axis, shape[i]!);
    });
  }
  for (const { node, shape } of values)
    node.shape.forEach((axis, i) => {
      const whole = multipleOf(axis);
      if (whole && !known.has(whole.name)) known.set(whole.name, Math.floor(shape[i]! / whole.times));
    });
  for (const { node, shape } of values)
    node.shape.forEach((axis, i) => {
      if (namesIn(axis).every((name) => known.has(name)) && lengthOf(axis, known) !== shape[i])
        throw new ShapeError(
          `${called(node)}: expected ${axis} = ${lengthOf(axis, known)} on axis ${i} of ${show(node)}, got [${shape.join(', ')}]; inputs that share an axis name must agree`,
        );
    });
  return known;
}
