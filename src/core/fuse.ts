import { sameShape } from './axis.ts';
import { edit } from './edit.ts';
import { inOrder, type Node, readersOf } from './node.ts';
import { affine } from './ops/affine.ts';
import { transpose } from './ops/move.ts';
import { mul } from './ops/pointwise.ts';
import { sum } from './ops/reduce.ts';
import type { Program } from './program.ts';

/**
 * The same program in fewer passes: the last step before scheduling, after edits and gradients. Results differ by rounding alone.
 * - Each linear's product and bias become one node, where nothing else reads the product.
 * - In the gradient of attention, the row sums of pattern × its gradient become those of the narrow mixed values × their gradient.
 */
export function fused(program: Program): Program {
  const roots = Object.values(program.outputs);
  const readers = readersOf(roots);
  const mixed = mixedValues(inOrder(roots));
  const rebuilt = new Map<Node, Node>();
  const outputs = edit(roots, (node, original) => {
    const result = biased(node, original, readers) ?? narrowSum(original, mixed, rebuilt) ?? node;
    rebuilt.set(original, result);
    return result;
  });
  return { ...program, outputs: Object.fromEntries(Object.keys(program.outputs).map((name, i) => [name, outputs[i]!])) };
}

interface Product {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly scale?: number;
}

function biased(node: Node, original: Node, readers: ReadonlyMap<Node, number>): Node | undefined {
  const at = original.inputs.findIndex((product) => readers.get(product) === 1 && takesBias(product, original));
  if (at < 0) return undefined;
  const [x, weight] = node.inputs[at]!.inputs as [Node, Node];
  const { transposeB } = original.inputs[at]!.attrs as Product;
  const { site, recompute } = original;
  return { ...affine(x, weight, node.inputs[1 - at]!, { transposeB }), ...(site !== undefined && { site }), ...(recompute !== undefined && { recompute }) };
}

// With C = P·V and dP = dC·Vᵀ, row by row Σ P∘dP = Σ C∘dC, and C has the columns of V, few and known, where P has those of a whole text. C is taken with its
// heads put side by side, which is kept for the linear that follows it; C itself is not.
const narrow = 128;

/** Products P·V by P, then by V, each with the transpositions of it that leave the last axis where it is. */
function mixedValues(order: readonly Node[]): Map<Node, Map<Node, Node[]>> {
  const found = new Map<Node, Map<Node, Node[]>>();
  for (const node of order) {
    const [c] = node.inputs;
    if (!c || !turnsRows(node) || !isPlainProduct(c, false) || !(Number(c.shape.at(-1)) <= narrow)) continue;
    const [p, v] = c.inputs as [Node, Node];
    if (typeof p.shape.at(-1) === 'number') continue;
    const of = found.get(p) ?? new Map<Node, Node[]>();
    found.set(p, of.set(v, [...(of.get(v) ?? []), node]));
  }
  return found;
}

function narrowSum(original: Node, mixed: ReadonlyMap<Node, ReadonlyMap<Node, readonly Node[]>>, rebuilt: ReadonlyMap<Node, Node>): Node | undefined {
  if (original.op.name !== 'sum') return undefined;
  const { axes, keepDims } = original.attrs as { axes: readonly number[]; keepDims: boolean };
  const [both] = original.inputs as [Node];
  const last = both.shape.length - 1;
  if (!keepDims || axes.length !== 1 || axes[0] !== last || both.op.name !== 'mul' || both.site !== undefined) return undefined;
  for (const [at, p] of both.inputs.entries()) {
    const dP = both.inputs[1 - at]!;
    const [dC, v] = dP.inputs;
    if (!dC || !v || !isPlainProduct(dP, true) || !turnsRows(dC)) continue;
    const back = permutationOf(dC);
    const turned = mixed
      .get(p)
      ?.get(v)
      ?.find((node) => permutationOf(node).every((from, to) => back[from] === to));
    const [c, d] = [turned && rebuilt.get(turned), rebuilt.get(dC.inputs[0]!)];
    if (c && d && sameShape(c.shape, d.shape)) return transpose(sum(mul(d, c), last, { keepDims }), back);
  }
  return undefined;
}

const permutationOf = ({ attrs }: Node): readonly number[] => (attrs as { permutation: readonly number[] }).permutation;
const turnsRows = (node: Node): boolean => node.op.name === 'transpose' && permutationOf(node).at(-1) === node.shape.length - 1;

const isPlainProduct = ({ op, attrs }: Node, transposed: boolean): boolean =>
  op.name === 'matmul' && !(attrs as Product).transposeA && (attrs as Product).transposeB === transposed && (attrs as Product).scale === undefined;

/** Whether `sum` adds a vector over the last axis to a product with one weight matrix, in float32. */
function takesBias(product: Node, sum: Node): boolean {
  if (sum.op.name !== 'add' || product.op.name !== 'matmul' || product.dtype !== 'float32') return false;
  const { transposeA, scale } = product.attrs as Product;
  const bias = sum.inputs[0] === product ? sum.inputs[1]! : sum.inputs[0]!;
  return !transposeA && scale === undefined && product.inputs[1]!.shape.length === 2 && bias.shape.length === 1 && bias.shape[0] === product.shape.at(-1);
}
