import { inOrder, type Node, NotFoundError } from '../../core/index.ts';
import { blockOf, blockSite } from '../sites.ts';
import { sitesIn } from './capture.ts';

/**
 * Marks blocks whose activations the backward pass computes again instead of keeping: from the block's input (`embed`, or `resid.post` of the block before) to its `resid.post`, both kept. The values are the same; gradients
 * are taken of the marked graph.
 *
 * @param blocks  numbers of blocks; default all
 * @throws NotFoundError for a block that is not there
 */
export const recompute = (roots: readonly Node[], { blocks }: { blocks?: readonly number[] } = {}): Node[] => {
  const sites = sitesIn(roots);
  const there = [...sites.keys()].flatMap((site) => (site.endsWith('.resid.post') ? [blockOf(site)!] : []));
  const inside = new Map<Node, string>();
  for (const block of blocks ?? there) {
    const end = sites.get(blockSite(block, 'resid.post'));
    const start = block === 0 ? sites.get('embed') : sites.get(blockSite(block - 1, 'resid.post'));
    if (!end || !start) throw new NotFoundError(`recompute: expected a block of ${there.join(', ')}, got ${block}; see the sites of the model`);
    const depends = new Set([start]);
    for (const node of inOrder([end])) {
      if (node === start || !node.inputs.some((from) => depends.has(from))) continue;
      depends.add(node);
      if (node !== end) inside.set(node, `blocks.${block}`);
    }
  }
  const rebuilt = new Map<Node, Node>();
  for (const node of inOrder(roots)) {
    const inputs = node.inputs.map((from) => rebuilt.get(from)!);
    const same = inputs.every((from, i) => from === node.inputs[i]);
    const block = inside.get(node);
    rebuilt.set(node, same && block === undefined ? node : { ...node, inputs, ...(block !== undefined && { recompute: block }) });
  }
  return roots.map((root) => rebuilt.get(root)!);
};
