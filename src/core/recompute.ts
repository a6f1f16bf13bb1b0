import { inOrder, type Node } from './node.ts';

/**
 * For the backward pass: which node to use in place of one of the forward pass. Nodes that carry a `recompute` label come as copies, rebuilt inside their
 * block from what enters it; a node without a label that reads from a block comes with those inputs replaced; all others as themselves. A copy computes the
 * same value and differs from its original only in identity, so a program that uses it must not merge equal expressions.
 *
 * @param order  nodes of the forward pass, inputs first
 */
export function recomputed(order: readonly Node[]): (node: Node) => Node {
  const copies = new Map<Node, Node>();
  const readers = new Map<Node, Node>();
  for (const node of order) {
    const { site: _site, ...rest } = node;
    if (node.recompute !== undefined && node.inputs.length > 0)
      copies.set(node, { ...rest, inputs: node.inputs.map((input) => (input.recompute === node.recompute ? (copies.get(input) ?? input) : input)) });
    else if (node.inputs.some((input) => copies.has(input))) readers.set(node, { ...rest, inputs: node.inputs.map((input) => copies.get(input) ?? input) });
  }
  return (node) => copies.get(node) ?? readers.get(node) ?? node;
}

/**
 * Marks everything between `inputs` and `outputs` as one block whose activations are computed again in the backward pass. Returns the outputs, rebuilt;
 * they themselves are kept, since what follows reads them.
 */
export function recomputeIn(block: string, inputs: readonly Node[], outputs: readonly Node[]): Node[] {
  const boundary = new Set(inputs);
  const inside = new Set<Node>();
  const rebuilt = new Map<Node, Node>();
  for (const node of inOrder(outputs)) {
    if (boundary.has(node) || !node.inputs.some((input) => boundary.has(input) || inside.has(input))) continue;
    inside.add(node);
    const own = node.inputs.map((input) => rebuilt.get(input) ?? input);
    rebuilt.set(node, outputs.includes(node) ? { ...node, inputs: own } : { ...node, inputs: own, recompute: block });
  }
  return outputs.map((node) => rebuilt.get(node) ?? node);
}
