import { edit, inOrder, type Node, NotFoundError, named } from '../../core/index.ts';
import { type Linear, linearOf } from './linear-of.ts';

/** A linear that an edit has found, and the node that it is: bias included, called `SITE.base` from now on. */
export interface LinearAt extends Linear {
  readonly site: string;
  readonly base: Node;
}

/**
 * Puts something in the place of every target linear, which it may use: the site stays on what is built, the linear itself becomes `SITE.base`.
 *
 * @param targets  a test on sites
 * @throws NotFoundError where no linear carries a matching site
 */
export const besideLinears = (where: string, roots: readonly Node[], targets: RegExp, build: (linear: LinearAt) => Node): Node[] => {
  let found = 0;
  const edited = edit(roots, (node) => {
    const linear = node.site !== undefined && targets.test(node.site) ? linearOf(node) : undefined;
    if (!linear || node.site === undefined) return node;
    found++;
    const { site } = node;
    return named(site, build({ ...linear, site, base: { ...node, site: `${site}.base` } }));
  });
  if (found === 0) throw new NotFoundError(`${where}: expected linears at sites like ${targets}, got none; the sites are ${sitesOfLinears(roots)}`);
  return edited;
};

const sitesOfLinears = (roots: readonly Node[]): string => {
  const sites = inOrder(roots).flatMap((node) => (node.site !== undefined && linearOf(node) ? [node.site] : []));
  return sites.slice(0, 8).join(', ') + (sites.length > 8 ? ` and ${sites.length - 8} more` : '') || 'none at all';
};
