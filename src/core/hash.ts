import { createHash } from 'node:crypto';
import { isConstant } from './leaf.ts';
import { inOrder, type Node } from './node.ts';
import { attributeText } from './print.ts';

/**
 * A name for what a graph computes: SHA-256 (hex) over structure, attributes, shapes, dtypes, names, sites and the contents of constants. Equal graphs
 * have equal hashes, in every process and on every machine, however they were built.
 */
export function hashGraph(roots: readonly Node[]): string {
  const hash = createHash('sha256');
  const numbers = new Map<Node, number>();
  for (const node of inOrder(roots)) {
    const line = [node.op.name, node.inputs.map((input) => numbers.get(input)).join(), node.shape.join(), node.dtype, node.site ?? '', node.recompute ?? ''];
    hash.update(JSON.stringify(line));
    if (isConstant(node)) hash.update(littleEndian(node.attrs.data));
    else hash.update(attributeText(node.attrs));
    hash.update('\n');
    numbers.set(node, numbers.size);
  }
  hash.update(roots.map((root) => numbers.get(root)).join());
  return hash.digest('hex');
}

const littleEndian = (data: Float64Array): Uint8Array => {
  const view = new DataView(new ArrayBuffer(data.length * 8));
  data.forEach((value, i) => {
    view.setFloat64(i * 8, value, true);
  });
  return new Uint8Array(view.buffer);
};
