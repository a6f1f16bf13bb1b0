import type { Node } from './node.ts';
import { inOrder } from './node.ts';

/**
 * Rebuilds a graph with some nodes replaced. What does not depend on a replaced node is shared, not copied; where nothing matches, the very same roots come back.
 *
 * @param replace  gets a node whose inputs are already rebuilt, and the node as it was; returns the first, or what stands in its place
 */
export function edit(roots: readonly Node[], replace: (node: Node, original: Node) => Node): Node[] {
  const done = new Map<Node, Node>();
  for (const node of inOrder(roots)) {
    const inputs = node.inputs.map((input) => done.get(input) as Node);
    const same = inputs.every((input, i) => input === node.inputs[i]);
    done.set(node, replace(same ? node : { ...node, inputs }, node));
  }
  return roots.map((root) => done.get(root) as Node);
}
