// The order in which a program is computed decides how many activations are alive at once. onnxruntime does not take an order: it walks back from the
// graph's leaves (values nobody reads), in the order of their positions, and finishes everything a leaf needs before the next leaf; at a node it walks
// into the inputs in the order of their positions. The planner therefore
//   1. finds a good order by choosing, among the nodes that can run, the one that leaves the least memory in use;
//   2. turns it into the order that walk would find (`walked`), which is the one returned.
// The runtime emits nodes so that onnxruntime's positions agree with `order` (its stacks pop last in, first out, so the list is written back to front), and
// switches off the passes that would undo it: common-subexpression elimination merges a recomputed copy with its original, which keeps the original alive.
import { type Axis, termsOf } from './axis.ts';
import { isConstant, isInput, isParameter } from './leaf.ts';
import { type Dtype, inOrder, type Node } from './node.ts';
import type { Program } from './program.ts';

export interface Plan {
  /** Every node below the outputs, inputs first: the order of computation. */
  readonly order: readonly Node[];
  /**
   * The most bytes alive at once along the order: values computed, outputs included (they stay to the end); inputs, parameters and constants are not counted.
   *
   * @param lengths  of every axis name
   */
  peakBytes(lengths: Readonly<Record<string, number>>): number;
}

const bytesOf: Readonly<Record<Dtype, number>> = { float32: 4, float64: 8, float16: 2, int64: 8, int32: 4, uint32: 4, int8: 1, uint8: 1, bool: 1 };

// The result shares the memory of the input.
const views = new Set(['reshape', 'squeeze', 'unsqueeze', 'stopGradient']);

const isLeaf = (node: Node): boolean => isInput(node) || isParameter(node) || isConstant(node);

/**
 * Plans the order of a program.
 *
 * @param lengths  typical lengths of the axis names, by which alternatives are compared; 64 where none is given. The order is right for any lengths.
 */
export function plan(program: Pick<Program, 'outputs'>, { lengths = {} }: { readonly lengths?: Readonly<Record<string, number>> } = {}): Plan {
  const outputs = [...new Set(Object.values(program.outputs))];
  const natural = inOrder(outputs);
  const graph = study(natural, outputs);
  const sizes = graph.sizes(lengths);
  const candidates = [natural.map((_, i) => i), greedy(graph, sizes)].map((order) => walked(order, graph));
  const peaks = candidates.map((order) => peakOf(order, graph, sizes));
  const best = candidates[peaks.indexOf(Math.min(...peaks))]!;
  return { order: best.map((i) => natural[i]!), peakBytes: (lengths) => peakOf(best, graph, graph.sizes(lengths)) };
}

interface Graph {
  readonly nodes: readonly Node[];
  /** Positions of the different inputs of each node. */
  readonly inputs: readonly (readonly number[])[];
  readonly readers: readonly (readonly number[])[];
  /** Which value's memory a node's result lies in: its own, or for a view that of its source. */
  readonly memory: readonly number[];
  /** Memory that no reader frees: outputs. */
  readonly kept: ReadonlySet<number>;
  sizes(lengths: Readonly<Record<string, number>>): Float64Array;
}

function study(nodes: readonly Node[], outputs: readonly Node[]): Graph {
  const position = new Map(nodes.map((node, i) => [node, i]));
  const inputs = nodes.map((node) => [...new Set(node.inputs.map((input) => position.get(input)!))]);
  const readers: number[][] = nodes.map(() => []);
  inputs.forEach((list, i) => {
    for (const input of list) readers[input]!.push(i);
  });
  const memory: number[] = [];
  nodes.forEach((node, i) => {
    memory.push(views.has(node.op.name) ? memory[inputs[i]![0]!]! : i);
  });
  const kept = new Set(outputs.map((node) => memory[position.get(node)!]!));
  return {
    nodes,
    inputs,
    readers,
    memory,
    kept,
    sizes: (lengths) => Float64Array.from(nodes, (node, i) => (isLeaf(node) || memory[i] !== i ? 0 : bytesOf[node.dtype] * product(node.shape, lengths))),
  };
}

const product = (shape: readonly Axis[], lengths: Readonly<Record<string, number>>): number =>
  shape.reduce<number>(
    (size, axis) =>
      size *
      (typeof axis === 'number'
        ? axis
        : Math.max(
            0,
            termsOf(axis).reduce((total, { coefficient, names }) => total + names.reduce((term, name) => term * (lengths[name] ?? 64), coefficient), 0),
          )),
    1,
  );

/** How many readers each memory still has to serve; views pass their readers on to their source. */
function openReaders({ nodes, inputs, memory, kept }: Graph): Int32Array {
  const open = new Int32Array(nodes.length);
  for (const list of inputs) for (const source of new Set(list.map((input) => memory[input]!))) open[source]!++;
  for (const source of kept) open[source] = 2 ** 30;
  return open;
}

function peakOf(order: readonly number[], graph: Graph, sizes: Float64Array): number {
  const open = openReaders(graph);
  let live = 0;
  let peak = 0;
  for (const i of order) {
    live += sizes[i]!;
    peak = Math.max(peak, live);
    for (const source of new Set(graph.inputs[i]!.map((input) => graph.memory[input]!))) if (--open[source]! === 0) live -= sizes[source]!;
    if (open[i] === 0) live -= sizes[i]!;
  }
  return peak;
}

/** Among the nodes that can run, always the one that adds least to what is alive; of equals the one made ready last. */
function greedy(graph: Graph, sizes: Float64Array): number[] {
  const open = openReaders(graph);
  const waiting = Int32Array.from(graph.inputs, (list) => list.length);
  const order: number[] = [];
  const ready: number[] = [];
  const start = graph.nodes.flatMap((_, i) => (waiting[i] === 0 ? [i] : []));
  const finish = (i: number): void => {
    order.push(i);
    for (const source of new Set(graph.inputs[i]!.map((input) => graph.memory[input]!))) open[source]!--;
    for (const reader of graph.readers[i]!) if (--waiting[reader]! === 0) ready.push(reader);
  };
  const cost = (i: number): number => {
    let change = sizes[i]!;
    for (const source of new Set(graph.inputs[i]!.map((input) => graph.memory[input]!))) if (open[source] === 1) change -= sizes[source]!;
    return change;
  };
  for (const i of start) if (isLeaf(graph.nodes[i]!)) finish(i);
  ready.push(...start.filter((i) => !isLeaf(graph.nodes[i]!)));
  while (ready.length > 0) {
    let best = ready.length - 1;
    let least = cost(ready[best]!);
    for (let k = best - 1; k >= 0; k--) {
      const change = cost(ready[k]!);
      if (change < least) [best, least] = [k, change];
    }
    finish(ready.splice(best, 1)[0]!);
  }
  return order;
}

/** The order that onnxruntime's walk finds when nodes are numbered by `order`. */
function walked(order: readonly number[], graph: Graph): number[] {
  const rank = new Int32Array(graph.nodes.length);
  order.forEach((i, at) => {
    rank[i] = at;
  });
  const byRank = (a: number, b: number) => rank[a]! - rank[b]!;
  const seen = new Uint8Array(graph.nodes.length);
  const found: number[] = [];
  const leaves = graph.nodes.flatMap((_, i) => (graph.readers[i]!.length === 0 ? [i] : [])).sort(byRank);
  for (const leaf of leaves) {
    const stack: { at: number; inputs: number[] }[] = [];
    const enter = (at: number): void => {
      if (seen[at]) return;
      seen[at] = 1;
      stack.push({ at, inputs: graph.inputs[at]!.toSorted(byRank).reverse() });
    };
    enter(leaf);
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!;
      const next = top.inputs.pop();
      if (next === undefined) {
        found.push(top.at);
        stack.pop();
      } else enter(next);
    }
  }
  return found;
}
