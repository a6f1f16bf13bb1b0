import { inOrder, isParameter, type Node } from '../../core/index.ts';

export interface Linear {
  /** [..., in] */
  readonly x: Node;
  /** The product without bias: what an edit of the weight replaces. */
  readonly product: Node;
  /** The weight [out, in] while it is a float parameter; undefined once quantised. */
  readonly weight: Node | undefined;
  readonly bias: Node | undefined;
  readonly inner: number;
  readonly out: number;
}

const products = new Set(['matmul', 'int8Product', 'int8Linear', 'nBitsProduct']);

/** What a node is made of if it is a linear layer: x Wᵀ, or x Wᵀ + b. */
export const linearOf = (node: Node): Linear | undefined => {
  if (node.op.name === 'add') {
    const [product, bias] = node.inputs as [Node, Node];
    const found = isParameter(bias) && bias.shape.length === 1 ? bare(product) : undefined;
    return found && { ...found, bias };
  }
  return bare(node);
};

const bare = (product: Node): Linear | undefined => {
  if (!products.has(product.op.name)) return undefined;
  const [x, weight] = product.inputs as [Node, Node];
  const inner = x.shape.at(-1);
  const out = product.shape.at(-1);
  if (typeof inner !== 'number' || typeof out !== 'number') return undefined;
  if (product.op.name !== 'matmul') return { x, product, weight: undefined, bias: undefined, inner, out };
  const { transposeA, transposeB, scale = 1 } = product.attrs as { transposeA: boolean; transposeB: boolean; scale?: number };
  const plain = isParameter(weight) && weight.shape.length === 2 && transposeB && !transposeA && scale === 1;
  return plain ? { x, product, weight, bias: undefined, inner, out } : undefined;
};

/** The same linear layer over another product. */
export const withProduct = (node: Node, { product }: Linear, other: Node): Node =>
  node === product ? { ...other, ...(node.site !== undefined && { site: node.site }) } : { ...node, inputs: [other, node.inputs[1]!] };

/**
 * What is computed of the inputs of float linears, by the linears' sites; of an input that several share it is one node.
 *
 * @param targets  a test on sites (a linear beside a low-rank branch counts under the site of their sum)
 * @param of       gets an input [..., in] and the axes of its rows
 */
export const ofInputs = <T>(roots: readonly Node[], targets: RegExp, of: (x: Node, rows: number[]) => T): Map<string, T> => {
  const known = new Map<Node, T>();
  const found = new Map<string, T>();
  for (const node of inOrder(roots)) {
    const linear = node.site !== undefined && targets.test(node.site.replace(/\.base$/, '')) ? linearOf(node) : undefined;
    if (!linear?.weight) continue;
    const { x } = linear;
    const made = known.get(x) ?? of(x, [...x.shape.keys()].slice(0, -1));
    known.set(x, made);
    found.set(node.site!, made);
  }
  return found;
};
