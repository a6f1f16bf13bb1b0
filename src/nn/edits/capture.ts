import { inOrder, type Node, NotFoundError } from '../../core/index.ts';
import { blockOf, derivedFrom, derivedSites, siteOf } from '../sites.ts';
import { headOut } from './head-out.ts';
import { nearestNames } from './nearest-names.ts';

/** Nodes below the roots that carry a site, by site. A site that several nodes carry is that of the last. */
export const sitesIn = (roots: readonly Node[]): Map<string, Node> =>
  new Map(inOrder(roots).flatMap((node) => (node.site !== undefined ? [[node.site, node] as const] : [])));

/**
 * Nodes by their sites, to be made outputs of a program. Nothing is rebuilt: what a site computes is what the model computes.
 *
 * @param sites  names (`blocks.N.resid.pre` and `blocks.N.attn.headOut` too, see `siteOf` and `derivedSites`), or a test on names of what is computed
 * @throws NotFoundError where a name, or the test, finds none · UnsupportedError for `attn.headOut` where the output linear has no float weight
 */
export const capture = (roots: readonly Node[], sites: readonly string[] | RegExp): Record<string, Node> => {
  const known = sitesIn(roots);
  const wanted = sites instanceof RegExp ? [...known.keys()].filter((site) => sites.test(site)) : sites;
  if (sites instanceof RegExp && wanted.length === 0) throw missing('capture', String(sites), known);
  return Object.fromEntries(wanted.map((site) => [site, siteAmong(known, site) ?? throwing(missing('capture', site, known))]));
};

/** The node of a site as a user may say it, those too that are derived when asked for. */
const siteAmong = (known: ReadonlyMap<string, Node>, site: string): Node | undefined => {
  const carrier = derivedFrom(site);
  return known.get(siteOf(site)) ?? (carrier !== undefined && known.has(carrier) ? headOut('capture', known, site) : undefined);
};

const throwing = (error: Error): never => {
  throw error;
};

/** @param site  what was asked for: the names most like it are offered */
export const missing = (where: string, site: string, known: ReadonlyMap<string, Node>): NotFoundError => {
  const blocks = [...new Set([...known.keys()].flatMap((other) => blockOf(other) ?? []))];
  const also = blocks.flatMap((block) => ['resid.pre', ...Object.keys(derivedSites)].map((name) => `blocks.${block}.${name}`));
  const near = nearestNames(site, [...known.keys(), ...also], 4);
  const block = blockOf(site);
  const within = block !== undefined && blocks.length > 0 && !blocks.includes(block) ? `; its blocks are ${Math.min(...blocks)} to ${Math.max(...blocks)}` : '';
  return new NotFoundError(`${where}: expected a site of the model, got ${site}; there are ${known.size}, such as ${near.join(', ')}${within}`);
};
