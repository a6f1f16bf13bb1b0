import { canonicalShape, sameShape } from './axis.ts';
import { inOrder, type Node } from './node.ts';
import { leavesOf } from './program.ts';
import { show } from './strided.ts';

/**
 * Checks a graph between passes: every node has the type its op infers from its inputs, a site names one node, a name one input or parameter.
 *
 * @throws Error `internal:` when a pass broke the graph; ShapeError when two inputs or parameters share a name
 */
export function verify(roots: readonly Node[]): void {
  const sites = new Map<string, Node>();
  for (const node of inOrder(roots)) {
    const called = node.site ? `${node.op.name} @${node.site}` : node.op.name;
    const { shape, dtype } = node.op.infer(node.inputs, node.attrs);
    if (!sameShape(canonicalShape(called, shape), node.shape) || dtype !== node.dtype)
      throw new Error(
        `internal: verify: ${called}: expected ${show({ shape, dtype })} from its inputs, got ${show(node)}; the pass that made it kept an old type`,
      );
    if (node.site === undefined) continue;
    const other = sites.get(node.site);
    if (other)
      throw new Error(
        `internal: verify: expected one node at site ${node.site}, got ${other.op.name} ${show(other)} and ${node.op.name} ${show(node)}; the pass left the replaced one in use`,
      );
    sites.set(node.site, node);
  }
  leavesOf(roots);
}
