import { type Axis, addAxes, type Shape, sameShape } from './axis.ts';
import { ShapeError } from './errors.ts';
import { constant } from './leaf.ts';
import { inOrder, type Node } from './node.ts';
import { concat, reshape } from './ops/move.ts';
import { add } from './ops/pointwise.ts';
import { expand, sum } from './ops/reduce.ts';
import { recomputed } from './recompute.ts';
import { isFloat, show } from './strided.ts';

/**
 * Gradients of a scalar, as a graph: it goes through the same compiler and the same checks, and can be differentiated again.
 * Nodes that carry a `recompute` label are used through copies rebuilt from what enters their block, so that the originals need not be kept.
 *
 * @param seed  gradient of the scalar itself, 1 unless given; with a seed `scalar` may have any shape
 * @returns     one node for each of `wrt`, of its shape; zeros where the scalar does not depend on it
 */
export function gradients(scalar: Node, wrt: readonly Node[], seed?: Node): Node[] {
  if (!seed && scalar.shape.length > 0) throw new ShapeError(`gradients: expected a scalar, got ${show(scalar)}; sum it or give a seed of its shape`);
  if (seed && !sameShape(seed.shape, scalar.shape)) throw new ShapeError(`gradients: expected a seed of shape ${show(scalar)}, got ${show(seed)}`);

  const order = inOrder([scalar]);
  const leads = new Set<Node>(wrt);
  for (const node of order) if (node.inputs.some((input) => leads.has(input))) leads.add(node);

  const used = recomputed(order);
  const parts = new Map<Node, Node[]>([[scalar, [seed ?? constant(1, [], scalar.dtype)]]]);
  const total = new Map<Node, Node>();
  for (const node of order.reverse()) {
    const received = parts.get(node);
    if (!received || !leads.has(node)) continue;
    const d = accumulate(received);
    total.set(node, d);
    const now = used(node);
    now.op.grad(now, d).forEach((part, i) => {
      const input = node.inputs[i]!;
      if (!part || !leads.has(input) || !isFloat(input.dtype)) return;
      const list = parts.get(input);
      const fitted = unbroadcast(part, input.shape);
      if (list) list.push(fitted);
      else parts.set(input, [fitted]);
    });
  }
  return wrt.map((node) => total.get(node) ?? expand(constant(0, [], node.dtype), node.shape));
}

/** Sums away what broadcasting added: leading axes, and axes that were 1. */
function unbroadcast(d: Node, shape: Shape): Node {
  if (sameShape(d.shape, shape)) return d;
  const extra = d.shape.length - shape.length;
  const axes = d.shape.flatMap((axis, i) => (i < extra || (shape[i - extra] === 1 && axis !== 1) ? [i] : []));
  return extra === 0 ? sum(d, axes, { keepDims: true }) : reshape(sum(d, axes), shape);
}

/** Sums what reached one node. Slices that cut it into pieces come back as pads that tile it: those are joined, not added. */
function accumulate(parts: readonly Node[]): Node {
  return tiles(parts) ?? parts.reduce((a, b) => add(a, b));
}

interface Padded {
  readonly axis: number;
  readonly before: Axis;
  readonly after: Axis;
  readonly value: number;
}

function tiles(parts: readonly Node[]): Node | undefined {
  if (parts.length < 2 || parts.some((part) => part.op.name !== 'pad' || (part.attrs as Padded).value !== 0)) return undefined;
  const { axis } = parts[0]!.attrs as Padded;
  const left = new Set(parts);
  const pieces: Node[] = [];
  let end: Axis = 0;
  while (left.size > 0) {
    const next = [...left].find((part) => (part.attrs as Padded).axis === axis && (part.attrs as Padded).before === end);
    const piece = next?.inputs[0];
    if (!next || !piece) return undefined;
    left.delete(next);
    pieces.push(piece);
    end = addAxes(end, piece.shape[axis]!);
  }
  return end === parts[0]!.shape[axis] ? concat(pieces, axis) : undefined;
}
