import { add, ConfigError, edit, input, leavesOf, type Node, named, sub, sum } from '../../core/index.ts';
import { derivedFrom, siteOf } from '../sites.ts';
import { missing, sitesIn } from './capture.ts';
import { checkChoice } from './edit-feeds.ts';
import { headOut } from './head-out.ts';
import { actions, type EditInputs, type SiteEdit, withEdit } from './site-edit.ts';
import { type SiteLayout, siteLayout } from './site-layout.ts';

/** An edit that is on a graph. */
export interface OpenedEdit {
  readonly edit: SiteEdit;
  /** The site whose node is edited: where `edit.site` says `resid.pre`, what that stands for. */
  readonly site: string;
  /** Of its inputs: values by this name, `NAME.where`, `NAME.factor`. */
  readonly name: string;
  readonly layout: SiteLayout;
  readonly inputs: EditInputs;
}

/** A graph with edits on it. */
export interface EditedSites {
  readonly roots: Node[];
  /** In the order given: what `editFeeds` makes feeds of. */
  readonly edits: readonly OpenedEdit[];
  /** By site the `name` of its last edit. */
  readonly inputs: ReadonlyMap<string, string>;
}

/**
 * Puts edits on what sites compute. Places, heads, values and factors are inputs of the program, so that one serves a sweep: `editFeeds` makes them. Where none is chosen, or a site is patched with what it computes, the
 * model gives the same bits. Several edits of one site are made one after another; more may be put on the graph that comes back. What a site computes before its first edit is `SITE.base`.
 *
 * @throws NotFoundError for a site that is not there · ConfigError for an edit that the site cannot have · ShapeError for values of another width · UnsupportedError as `siteLayout` and `headOut`
 */
export const editSites = (roots: readonly Node[], edits: readonly SiteEdit[], where = 'editSites'): EditedSites => {
  const known = sitesIn(roots);
  const taken = new Set(leavesOf(roots).inputs.keys());
  const opened = edits.map((each) => open(where, known, taken, each));
  const bySite = Map.groupBy(opened, ({ site }) => site);
  const before = ({ site, ...rest }: Node): Node => (known.has(`${site}.base`) ? rest : { ...rest, site: `${site}.base` });
  const under = (site: string, node: Node): Node =>
    named(
      site,
      (bySite.get(site) ?? []).reduce((x, { edit: each, layout, inputs }) => withEdit(x, each, layout, inputs), node),
    );
  // Outputs of heads that are edited for the first time are computed beside the output linear, which gets what the edits change.
  const derived = new Map([...bySite.keys()].flatMap((site) => (known.has(site) ? [] : [[derivedFrom(site)!, site] as const])));
  const rebuilt = edit(roots, (node) => {
    if (node.site === undefined) return node;
    const { site } = node;
    const heads = derived.get(site);
    if (heads === undefined) return bySite.has(site) ? under(site, before(node)) : node;
    const each = named(`${heads}.base`, headOut(where, known, heads, node));
    return under(site, add(before(node), sum(sub(under(heads, each), each), [1])));
  });
  return { roots: rebuilt, edits: opened, inputs: new Map(opened.map(({ site, name }) => [site, name])) };
};

const open = (where: string, known: ReadonlyMap<string, Node>, taken: Set<string>, given: SiteEdit): OpenedEdit => {
  const site = known.has(given.site) ? given.site : siteOf(given.site);
  const carrier = known.has(site) ? site : derivedFrom(site);
  const node = carrier === undefined ? undefined : known.get(carrier);
  if (!node) throw missing(where, given.site, known);
  const needs = Object.hasOwn(actions, given.action) ? actions[given.action] : undefined;
  if (!needs)
    throw new ConfigError(
      `${where}: ${given.site}: expected an action of ${Object.keys(actions).join(', ')}, got ${JSON.stringify(given.action)}; see SiteEdit`,
    );
  const layout = siteLayout(where, known, site, node);
  const shape = known.has(site) ? node.shape : [...layout.choice.slice(0, -1), node.shape.at(-1)!];
  const axes = given.axes ?? given.values?.shape.length ?? (given.action === 'add' ? 1 : shape.length);
  if (!(Number.isInteger(axes) && axes >= 1 && axes <= shape.length))
    throw new ConfigError(`${where}: ${given.site}: expected values of 1 to ${shape.length} axes, got ${axes}; the site is [${shape.join(', ')}]`);
  if (given.renormalise && !site.endsWith('.attn.pattern'))
    throw new ConfigError(`${where}: ${given.site}: expected renormalise for attention patterns, got it for a site [${shape.join(', ')}]; leave it out`);
  const name = freeName(taken, `${given.action}.${site}`);
  const opened: OpenedEdit = {
    edit: given,
    site,
    name,
    layout,
    inputs: {
      where: input(`${name}.where`, layout.choice, 'bool'),
      ...(needs.values && { values: input(name, shape.slice(-axes), node.dtype) }),
      ...(needs.factor && { factor: input(`${name}.factor`, [], node.dtype) }),
    },
  };
  checkChoice(opened, given, where);
  return opened;
};

const freeName = (taken: Set<string>, name: string): string => {
  const isFree = (wanted: string) => !taken.has(wanted) && !taken.has(`${wanted}.where`);
  let free = name;
  for (let count = 2; !isFree(free); count++) free = `${name}.${count}`;
  taken.add(`${free}.where`);
  return free;
};
