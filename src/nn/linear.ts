import { add, matmul, type Node, named, parameter, ShapeError } from '../core/index.ts';

/**
 * y = x Wᵀ + b.
 *
 * @param x       [..., in]
 * @param weight  [out, in]
 * @param bias    [out]
 * @returns       [..., out]
 */
export const linear = (x: Node, weight: Node, bias?: Node): Node => {
  const product = matmul(x, weight, { transposeB: true });
  return bias ? add(product, bias) : product;
};

/**
 * A linear layer with parameters `SITE.weight` [out, in] and, unless `bias` is false, `SITE.bias` [out]. Its result carries the site.
 *
 * @param x  [..., in], the last axis a number
 */
export const dense = (site: string, x: Node, out: number, { bias = true }: { bias?: boolean } = {}): Node => {
  const weight = parameter(`${site}.weight`, [out, lastLength(site, x)]);
  return named(site, linear(x, weight, bias ? parameter(`${site}.bias`, [out]) : undefined));
};

/** Length of the last axis. @throws ShapeError where it is symbolic */
export const lastLength = (where: string, x: Node): number => {
  const length = x.shape.at(-1);
  if (typeof length !== 'number') throw new ShapeError(`${where}: expected a last axis of known length, got [${x.shape.join(', ')}]; parameters need numbers`);
  return length;
};
