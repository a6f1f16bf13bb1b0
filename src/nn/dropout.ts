import { dropout, type Node } from '../core/index.ts';

/** How a training graph drops values: the same key draws the same mask, so a step can be computed again. */
export interface Dropout {
  /** Share of values dropped, in [0, 1). */
  readonly rate: number;
  /** uint32 scalar, normally the number of the step. */
  readonly key: Node;
}

/** Drops values where the site says; every site draws from a stream of its own, named by the site and not by order of building. Without options the very same node comes back. */
export const drop = (site: string, x: Node, options: Dropout | undefined): Node =>
  options && options.rate > 0 ? dropout(x, options.rate, options.key, saltOf(site)) : x;

/** FNV-1a of a site name, in [0, 2^32 − 2]. */
export const saltOf = (site: string): number => {
  let hash = 0x811c9dc5;
  for (let i = 0; i < site.length; i++) hash = Math.imul(hash ^ site.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % 0xffffffff;
};
