import { edit, input, type Node, named, where } from '../../core/index.ts';
import { siteOf } from '../sites.ts';
import { missing, sitesIn } from './capture.ts';

/**
 * Cuts a graph at sites: each becomes a program input `patch.SITE` of its shape and dtype, and what computed it alone is left out. Fed with what the site computes, the model gives the same bits.
 *
 * @returns the rebuilt roots, and for every site the name of its input; `blocks.N.resid.pre` counts as the site it stands for (`siteOf`)
 * @throws NotFoundError for a site that is not there
 */
export const replace = (roots: readonly Node[], sites: readonly string[]): { roots: Node[]; inputs: ReadonlyMap<string, string> } => {
  const inputs = inputsFor(roots, sites, 'replace');
  const edited = edit(roots, (node) =>
    node.site !== undefined && inputs.has(node.site) ? named(node.site, input(inputs.get(node.site)!, node.shape, node.dtype)) : node,
  );
  return { roots: edited, inputs };
};

/**
 * Lets a run put other values at sites, position by position: where the bool input `patch.SITE.where` (broadcasts to the site's shape over its last axis: [..., 1]) is true the value comes from `patch.SITE`, elsewhere it
 * is computed. All false, or fed with what the site computes, the model gives the same bits; so one program serves a whole sweep.
 *
 * @returns the rebuilt roots, and for every site the name of its input (`NAME.where` for the choice); `blocks.N.resid.pre` counts as the site it stands for
 * @throws NotFoundError for a site that is not there
 */
export const patch = (roots: readonly Node[], sites: readonly string[]): { roots: Node[]; inputs: ReadonlyMap<string, string> } => {
  const inputs = inputsFor(roots, sites, 'patch');
  const edited = edit(roots, (node) => {
    const name = node.site === undefined ? undefined : inputs.get(node.site);
    if (name === undefined || node.site === undefined) return node;
    const chosen = input(`${name}.where`, [...node.shape.slice(0, -1), 1], 'bool');
    return named(node.site, where(chosen, input(name, node.shape, node.dtype), { ...node, site: `${node.site}.base` }));
  });
  return { roots: edited, inputs };
};

const inputsFor = (roots: readonly Node[], sites: readonly string[], verb: string): ReadonlyMap<string, string> => {
  const known = sitesIn(roots);
  const found = sites.map((said) => (known.has(said) ? said : siteOf(said)));
  for (const [i, site] of found.entries()) if (!known.has(site)) throw missing(verb, sites[i]!, known);
  return new Map(found.map((site) => [site, `patch.${site}`]));
};
