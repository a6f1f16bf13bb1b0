import { edit } from './edit.ts';
import { inOrder, type Node } from './node.ts';
import { affine } from './ops/affine.ts';
import type { Program } from './program.ts';

/**
 * The same program with each linear's product and bias made one node: the last pass before scheduling, after edits and gradients. Only where nothing else
 * reads the product; results differ by rounding alone.
 */
export function fused(program: Program): Program {
  const roots = Object.values(program.outputs);
  const readers = new Map<Node, number>();
  const count = (node: Node) => readers.set(node, (readers.get(node) ?? 0) + 1);
  roots.forEach(count);
  for (const node of inOrder(roots)) node.inputs.forEach(count);

  const outputs = edit(roots, (node, original) => {
    const at = original.inputs.findIndex((product) => readers.get(product) === 1 && takesBias(product, original));
    if (at < 0) return node;
    const [x, weight] = node.inputs[at]!.inputs as [Node, Node];
    const { transposeB } = original.inputs[at]!.attrs as Product;
    const { site, recompute } = original;
    return { ...affine(x, weight, node.inputs[1 - at]!, { transposeB }), ...(site !== undefined && { site }), ...(recompute !== undefined && { recompute }) };
  });
  return { ...program, outputs: Object.fromEntries(Object.keys(program.outputs).map((name, i) => [name, outputs[i]!])) };
}

interface Product {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly scale?: number;
}

/** Whether `sum` adds a vector over the last axis to a product with one weight matrix, in float32. */
function takesBias(product: Node, sum: Node): boolean {
  if (sum.op.name !== 'add' || product.op.name !== 'matmul' || product.dtype !== 'float32') return false;
  const { transposeA, scale } = product.attrs as Product;
  const bias = sum.inputs[0] === product ? sum.inputs[1]! : sum.inputs[0]!;
  return !transposeA && scale === undefined && product.inputs[1]!.shape.length === 2 && bias.shape.length === 1 && bias.shape[0] === product.shape.at(-1);
}
