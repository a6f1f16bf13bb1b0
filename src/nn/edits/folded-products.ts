import { edit, isParameter, type Node, nameOf, parameter, sameShape } from '../../core/index.ts';

export interface FoldedProduct {
  readonly name: string;
  readonly factors: readonly [string, string];
}

/**
 * Products of two parameters of one shape as a parameter each: what edits multiply into a weight is multiplied once, not in every run.
 *
 * @param except  names of parameters that stay as they are
 */
export const foldedProducts = (roots: readonly Node[], except: ReadonlySet<string> = new Set()): { roots: Node[]; products: readonly FoldedProduct[] } => {
  const products = new Map<string, FoldedProduct>();
  const edited = edit(roots, (node) => {
    const [a, b] = node.inputs as [Node, Node];
    if (node.op.name !== 'mul' || !isParameter(a) || !isParameter(b) || !sameShape(a.shape, b.shape)) return node;
    const factors = [nameOf(a), nameOf(b)] as const;
    if (factors.some((name) => except.has(name))) return node;
    const name = factors.join(' * ');
    products.set(name, { name, factors });
    return parameter(name, node.shape as readonly number[]);
  });
  return { roots: edited, products: [...products.values()] };
};
