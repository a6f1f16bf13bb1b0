import { cast, dropout, greater, logicalAnd, mul, type Node, randomMask } from '../core/index.ts';

/** How a training graph drops values: the same key draws the same mask, so a step can be computed again. */
export interface Dropout {
  /** Share of values dropped, in [0, 1). */
  readonly rate: number;
  /** uint32 scalar, normally the number of the step. */
  readonly key: Node;
}

/** Drops values where the site says; every site draws from a stream of its own, named by the site and not by order of building. Without options the very same node comes back. */
export const drop = (site: string, x: Node, options: Dropout | undefined): Node => {
  if (!options || options.rate === 0) return x;
  const { rate, key } = options;
  if (x.op.name !== 'relu' || x.site !== undefined) return dropout(x, rate, key, saltOf(site));
  // What relu leaves and what dropout leaves is one mask: two passes fewer, and the gradient is a product with it.
  const [before] = x.inputs as [Node];
  const passes = logicalAnd(greater(before, 0), randomMask(key, saltOf(site), rate, before.shape));
  return mul(before, mul(cast(passes, before.dtype), 1 / (1 - rate)));
};

/** FNV-1a of a site name, in [0, 2^32 − 2]. */
export const saltOf = (site: string): number => {
  let hash = 0x811c9dc5;
  for (let i = 0; i < site.length; i++) hash = Math.imul(hash ^ site.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % 0xffffffff;
};
