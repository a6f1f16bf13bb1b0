import type { Node } from '../../core/index.ts';
import { blockOf, blockSite } from '../sites.ts';
import { missing, sitesIn } from './capture.ts';
import { type EditedSites, editSites } from './edit-sites.ts';
import type { EditChoice, SiteAction, SiteEdit } from './site-edit.ts';

/** A site, or a site and what of it is meant. */
export type EditPlace = string | Omit<SiteEdit, 'action'>;

const listed = (places: EditPlace | readonly EditPlace[], action: SiteAction): SiteEdit[] =>
  (Array.isArray(places) ? (places as readonly EditPlace[]) : [places as EditPlace]).map((place) => ({
    ...(typeof place === 'string' ? { site: place } : place),
    action,
  }));

const verb =
  (name: string, action: SiteAction) =>
  (roots: readonly Node[], places: EditPlace | readonly EditPlace[]): EditedSites =>
    editSites(roots, listed(places, action), name);

/** Lets a run put other values at sites: those of another run, or of another model of the same sizes. @throws as `editSites` */
export const patch = verb('patch', 'patch');

/** Lets a run add values times a factor at sites: a vector that serves all places, unless `axes` or the values say otherwise. @throws as `editSites` */
export const steer = verb('steer', 'add');

/** Lets a run multiply what sites compute by a factor. @throws as `editSites` */
export const scale = verb('scale', 'scale');

/**
 * Takes away what sites say.
 *
 * @param by  `zero`: zeros in their place · `mean`: a given mean, one vector for all places unless `axes` or the values say otherwise · `resample`: values of another run
 * @throws as `editSites`
 */
export const ablate = (roots: readonly Node[], places: EditPlace | readonly EditPlace[], by: 'zero' | 'mean' | 'resample' = 'zero'): EditedSites => {
  const edits = listed(places, by === 'zero' ? 'zero' : 'patch');
  return editSites(roots, by === 'mean' ? edits.map((each) => ({ ...each, axes: each.axes ?? each.values?.shape.length ?? 1 })) : edits, 'ablate');
};

export interface FrozenPattern extends EditChoice {
  /** Default: all. */
  readonly blocks?: readonly number[];
  /** Rows that are edited are divided by their sums, where only some keys are. Default false. */
  readonly renormalise?: boolean;
}

/**
 * Gives attention its patterns from outside, one edit a block: keys and values are still computed, what is looked at is not.
 *
 * @throws NotFoundError for a block without a pattern · as `editSites`
 */
export const freezePattern = (roots: readonly Node[], { blocks, ...choice }: FrozenPattern = {}): EditedSites => {
  const known = sitesIn(roots);
  const all = [...known.keys()].filter((site) => site.endsWith('.attn.pattern')).map((site) => blockOf(site)!);
  if (!blocks && all.length === 0) throw missing('freezePattern', blockSite(0, 'attn.pattern'), known);
  return editSites(
    roots,
    (blocks ?? all).map((block) => ({ ...choice, site: blockSite(block, 'attn.pattern'), action: 'patch' })),
    'freezePattern',
  );
};
