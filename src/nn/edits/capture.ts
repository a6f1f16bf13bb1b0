import { inOrder, type Node, NotFoundError } from '../../core/index.ts';
import { siteOf } from '../sites.ts';

/** Nodes below the roots that carry a site, by site. A site that several nodes carry is that of the last. */
export const sitesIn = (roots: readonly Node[]): Map<string, Node> =>
  new Map(inOrder(roots).flatMap((node) => (node.site !== undefined ? [[node.site, node] as const] : [])));

/**
 * Nodes by their sites, to be made outputs of a program. Nothing is rebuilt: what a site computes is what the model computes.
 *
 * @param sites  names (`blocks.N.resid.pre` too, see `siteOf`), or a test on names
 * @throws NotFoundError where a name, or the test, finds none
 */
export const capture = (roots: readonly Node[], sites: readonly string[] | RegExp): Record<string, Node> => {
  const known = sitesIn(roots);
  const wanted = sites instanceof RegExp ? [...known.keys()].filter((site) => sites.test(site)) : sites;
  if (sites instanceof RegExp && wanted.length === 0) throw missing('capture', String(sites), known);
  return Object.fromEntries(
    wanted.map((site) => {
      const node = known.get(site) ?? known.get(siteOf(site));
      if (!node) throw missing('capture', site, known);
      return [site, node];
    }),
  );
};

export const missing = (where: string, site: string, known: ReadonlyMap<string, Node>): NotFoundError => {
  const last = site.split('.').at(-1)!;
  const near = [...known.keys()].filter((other) => other.endsWith(last));
  const shown = (near.length > 0 ? near : [...known.keys()]).slice(0, 6);
  return new NotFoundError(`${where}: expected a site of the model, got ${site}; there are ${known.size}, such as ${shown.join(', ')}`);
};
