// A compute graph is made of immutable nodes. A node points at the op that made it; the op carries every rule about itself.
import { type Axis, canonicalShape, type Shape } from './axis.ts';

export type Dtype = 'float32' | 'float64' | 'float16' | 'int64' | 'int32' | 'uint32' | 'int8' | 'uint8' | 'bool';

export interface Node<A = unknown> {
  readonly op: Op<A>;
  readonly inputs: readonly Node[];
  readonly attrs: A;
  readonly shape: Shape;
  readonly dtype: Dtype;
  /** Stable public name, `blocks.3.attn.q`: what inspection and adapters address. */
  readonly site?: string;
  /** Block of the model whose activations are computed again in the backward pass instead of kept; see `nn/edits/recompute`. */
  readonly recompute?: string;
}

/** What an op knows of itself. Rules are methods, so that a list of nodes with different attributes type-checks. */
export interface Op<A> {
  readonly name: string;
  /** Result type from input types. @throws ShapeError naming both shapes and what would fit. */
  infer(inputs: readonly Node[], attrs: A): { shape: Shape; dtype: Dtype };
  /** Gradient with respect to each input, given that of the output; `undefined` where none flows. Broadcasting is undone by the caller. */
  grad(out: Node<A>, dOut: Node): readonly (Node | undefined)[];
  /** The ONNX nodes it becomes; returns the name of the result. */
  lower(emit: Emit, node: Node<A>, inputs: readonly string[]): string;
  /** Plain evaluation in float64, element by element: the oracle every backend is held against. `shape` is the result's, all axes known; `lengths` says what the names in `attrs` stand for. */
  reference(inputs: readonly Tensor[], attrs: A, shape: readonly number[], lengths: ReadonlyMap<string, number>): Tensor;
}

/** A value of the reference evaluator: every dtype is held as float64 (bool as 0 or 1; integers are exact up to 2^53). */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export type OnnxAttribute = number | bigint | string | { readonly float: number } | readonly number[] | { readonly floats: readonly number[] };

/** How `lower` writes ONNX nodes down. Names returned are value names of the ONNX graph. */
export interface Emit {
  /** Appends one ONNX node with one result. Domain '' is the standard one; 'com.microsoft' the contrib ops of onnxruntime. */
  node(opType: string, inputs: readonly string[], attributes?: Readonly<Record<string, OnnxAttribute>>, domain?: string): string;
  /** Appends one ONNX node with several results. */
  nodes(opType: string, inputs: readonly string[], results: number, attributes?: Readonly<Record<string, OnnxAttribute>>, domain?: string): string[];
  /** A constant tensor (deduplicated by value). */
  constant(dtype: Dtype, shape: readonly number[], data: ArrayLike<number>): string;
  /** int64 vector [rank] holding a shape at run time; symbolic axes are computed from program inputs. */
  shape(shape: Shape): string;
  /** int64 scalar holding one axis at run time. */
  axis(axis: Axis): string;
  /** The value is to be written where a program input of its type lies, which a run overwrites. */
  overwrite(input: string, value: string): void;
}

/** Makes an op: a function that builds its node. There is no registry; whoever imports the op has it. */
export function defineOp<A>(op: Op<A>): (inputs: readonly Node[], attrs: A) => Node<A> {
  return (inputs, attrs) => {
    const { shape, dtype } = op.infer(inputs, attrs);
    return { op, inputs, attrs, shape: canonicalShape(op.name, shape), dtype };
  };
}

/**
 * Nodes below `roots`, inputs first, each once. Iterative: a chain may be deeper than the stack.
 *
 * @param ends  nodes whose inputs are not walked into
 */
export function inOrder(roots: readonly Node[], ends?: (node: Node) => boolean): Node[] {
  const seen = new Set<Node>();
  const order: Node[] = [];
  for (const root of roots) {
    const stack: { node: Node; next: number }[] = [{ node: root, next: 0 }];
    while (stack.length > 0) {
      const top = stack[stack.length - 1] as { node: Node; next: number };
      if (seen.has(top.node)) {
        stack.pop();
        continue;
      }
      const input = top.next === 0 && ends?.(top.node) ? undefined : top.node.inputs[top.next++];
      if (input === undefined) {
        seen.add(top.node);
        order.push(top.node);
        stack.pop();
      } else if (!seen.has(input)) stack.push({ node: input, next: 0 });
    }
  }
  return order;
}

/** How often each node is read: as an input, or as a root. */
export function readersOf(roots: readonly Node[]): ReadonlyMap<Node, number> {
  const readers = new Map<Node, number>();
  const count = (node: Node) => readers.set(node, (readers.get(node) ?? 0) + 1);
  roots.forEach(count);
  for (const { inputs } of inOrder(roots)) inputs.forEach(count);
  return readers;
}

/** The same node under a site name that others will address it by. */
export const named = <N extends Node>(site: string, node: N): N => ({ ...node, site });
