import { inOrder, type Node, NotFoundError, sameShape } from '../../core/index.ts';
import { blockOf, blockSite } from '../sites.ts';
import { sitesIn } from './capture.ts';

/**
 * Marks blocks whose activations the backward pass computes again instead of keeping: from the block's input (`embed`, or `resid.post` of the block before) to its `resid.post`, both kept. The values are the same; gradients
 * are taken of the marked graph.
 *
 * @param blocks  numbers of blocks; default all
 * @param light   of the other blocks, what no product stands in and only values that are kept anyway go into is computed again: norms, activations and products value by value. Default false.
 * @throws NotFoundError for a block that is not there
 */
export const recompute = (roots: readonly Node[], { blocks, light = false }: { blocks?: readonly number[]; light?: boolean } = {}): Node[] => {
  const sites = sitesIn(roots);
  const there = [...sites.keys()].flatMap((site) => (site.endsWith('.resid.post') ? [blockOf(site)!] : []));
  const missing = blocks?.find((block) => !there.includes(block));
  if (missing !== undefined) throw new NotFoundError(`recompute: expected a block of ${there.join(', ')}, got ${missing}; see the sites of the model`);
  const whole = new Set(blocks ?? there);
  const inside = new Map<Node, string>();
  for (const block of light ? there : whole) {
    const end = sites.get(blockSite(block, 'resid.post'))!;
    const start = block === 0 ? sites.get('embed') : sites.get(blockSite(block - 1, 'resid.post'));
    if (!start) throw new NotFoundError(`recompute: expected what enters block ${block}, got a graph without; see the sites of the model`);
    const depends = new Set([start]);
    for (const node of inOrder([end])) {
      if (node === start || !node.inputs.some((from) => depends.has(from))) continue;
      depends.add(node);
      if (node !== end && (whole.has(block) || isLight(node, depends))) inside.set(node, `blocks.${block}`);
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

/** Ops of one pass whose gradients read what enters them, so that it is kept whether or not they are computed again. */
const readsInput = new Set(['gelu', 'silu', 'relu', 'rmsNorm', 'layerNorm']);

/** Whether a node is computed again for next to nothing: it is marked as such already, or a pass over values that are kept. @param depends  what gradients go through */
const isLight = (node: Node, depends: ReadonlySet<Node>): boolean => {
  const [a, b] = node.inputs as [Node, Node];
  if (node.recompute !== undefined || readsInput.has(node.op.name)) return true;
  return node.op.name === 'mul' && depends.has(a) && depends.has(b) && sameShape(a.shape, b.shape);
};
