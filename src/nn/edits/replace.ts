import { edit, input, type Node, named } from '../../core/index.ts';
import { siteOf } from '../sites.ts';
import { missing, sitesIn } from './capture.ts';

/**
 * Cuts a graph at sites: each becomes a program input `patch.SITE` of its shape and dtype, and what computed it alone is left out. Fed with what the site computes, the model gives the same bits.
 *
 * @returns the rebuilt roots, and for every site the name of its input; `blocks.N.resid.pre` counts as the site it stands for (`siteOf`)
 * @throws NotFoundError for a site that is not there
 */
export const replace = (roots: readonly Node[], sites: readonly string[]): { roots: Node[]; inputs: ReadonlyMap<string, string> } => {
  const inputs = inputsFor(roots, sites);
  const edited = edit(roots, (node) =>
    node.site !== undefined && inputs.has(node.site) ? named(node.site, input(inputs.get(node.site)!, node.shape, node.dtype)) : node,
  );
  return { roots: edited, inputs };
};

const inputsFor = (roots: readonly Node[], sites: readonly string[]): ReadonlyMap<string, string> => {
  const known = sitesIn(roots);
  const found = sites.map((said) => (known.has(said) ? said : siteOf(said)));
  for (const [i, site] of found.entries()) if (!known.has(site)) throw missing('replace', sites[i]!, known);
  return new Map(found.map((site) => [site, `patch.${site}`]));
};
