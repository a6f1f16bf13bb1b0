import type { Node } from '../../core/index.ts';
import { masked } from '../attention.ts';
import { blockOf, blockSite } from '../sites.ts';
import { missing, sitesIn } from './capture.ts';
import { type EditedSites, editSites } from './edit-sites.ts';
import type { EditChoice, EditValues, SiteAction, SiteEdit } from './site-edit.ts';

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
  return editSites(
    roots,
    blocksWith(roots, 'attn.pattern', blocks, 'freezePattern').map((block) => ({ ...choice, site: blockSite(block, 'attn.pattern'), action: 'patch' })),
    'freezePattern',
  );
};

/** The blocks asked for; all that have a site where none is. @throws NotFoundError where none has */
const blocksWith = (roots: readonly Node[], site: 'attn.pattern' | 'attn.scores', blocks: readonly number[] | undefined, where: string): readonly number[] => {
  if (blocks) return blocks;
  const known = sitesIn(roots);
  const all = [...known.keys()].filter((each) => each.endsWith(`.${site}`)).map((each) => blockOf(each)!);
  if (all.length === 0) throw missing(where, blockSite(0, site), known);
  return all;
};

/**
 * Factors on attention weights, as what a run adds to scores: their logarithms, at the keys whose factor is not 1.
 *
 * @param factors  [kvSeq], from 0, keys of a cache first
 */
export const keyFactors = (factors: ArrayLike<number>): { readonly keys: readonly number[]; readonly values: EditValues } => ({
  keys: Array.from(factors, (factor, key) => (factor === 1 ? -1 : key)).filter((key) => key >= 0),
  values: { shape: [factors.length], data: Float32Array.from(factors, (factor) => (factor > 0 ? Math.log(factor) : -masked)) },
});

export interface WeighedKeys extends Pick<EditChoice, 'positions' | 'heads'> {
  /** Default: all. */
  readonly blocks?: readonly number[];
}

/**
 * Lets a run multiply attention weights by a factor for each token looked at, rows divided by what is then left of them, one edit a block: `keyFactors` makes a run's choice. A factor of 1 leaves every bit, 0 hides the token.
 *
 * @throws NotFoundError for a block without scores · as `editSites`
 */
export const weighKeys = (roots: readonly Node[], { blocks, ...choice }: WeighedKeys = {}): EditedSites =>
  editSites(
    roots,
    blocksWith(roots, 'attn.scores', blocks, 'weighKeys').map((block) => ({ ...choice, site: blockSite(block, 'attn.scores'), action: 'add', axes: 1 })),
    'weighKeys',
  );
