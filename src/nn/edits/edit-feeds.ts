import { ConfigError, lengthOf, type Node, ShapeError } from '../../core/index.ts';
import type { OpenedEdit } from './edit-sites.ts';
import type { EditChoice, SiteEdit } from './site-edit.ts';

export interface EditFeed {
  readonly dtype: 'float32' | 'bool';
  readonly shape: number[];
  readonly data: Float32Array | Uint8Array;
}

/**
 * What the inputs of edits are fed with.
 *
 * @param edits    of one graph, from `editSites`
 * @param lengths  of the axes that the graph names: { batch: 2, seq: 9 }
 * @param choices  for each edit what differs from what was said when it was put on; null leaves an edit out of this run
 * @throws ConfigError for places outside the text, heads outside the model and values that are missing · ShapeError for values that do not fit the site
 */
export const editFeeds = (
  edits: readonly OpenedEdit[],
  lengths: Readonly<Record<string, number>>,
  choices: readonly (EditChoice | null | undefined)[] = [],
): Record<string, EditFeed> => {
  if (choices.length > edits.length)
    throw new ConfigError(`editFeeds: expected choices for ${edits.length} edits, got ${choices.length}; one for each, in their order`);
  const known = new Map(Object.entries(lengths));
  const shapeOf = (node: Node): number[] => node.shape.map((axis) => lengthOf(axis, known));
  const feeds: Record<string, EditFeed> = {};
  for (const [i, opened] of edits.entries()) {
    const { name, inputs, edit } = opened;
    const left = choices[i] === null;
    const choice = { ...edit, ...choices[i] };
    if (!left) checkChoice(opened, choice, 'editFeeds');
    feeds[`${name}.where`] = left ? nothing(shapeOf(inputs.where)) : chosen(opened, choice, shapeOf(inputs.where));
    if (inputs.values)
      feeds[name] = {
        dtype: 'float32',
        shape: shapeOf(inputs.values),
        data: left ? zeros(shapeOf(inputs.values)) : valuesOf(opened, choice, shapeOf(inputs.values)),
      };
    if (inputs.factor) feeds[`${name}.factor`] = { dtype: 'float32', shape: [], data: Float32Array.of(choice.factor ?? 1) };
  }
  return feeds;
};

const editKeys: ReadonlySet<string> = new Set<keyof SiteEdit>(['site', 'action', 'positions', 'heads', 'keys', 'values', 'factor', 'axes', 'renormalise']);

/** What can be said of a choice before lengths are known. @throws as `editFeeds` */
export const checkChoice = ({ edit: { site }, layout, inputs }: OpenedEdit, choice: EditChoice, where: string): void => {
  const { heads, keys, values, factor } = choice;
  const unknown = Object.keys(choice).filter((key) => !editKeys.has(key));
  if (unknown.length > 0) throw new ConfigError(`${where}: ${site}: expected ${[...editKeys].join(', ')}, got ${unknown.join(', ')}; see SiteEdit`);
  if (heads && layout.heads === undefined)
    throw new ConfigError(
      `${where}: ${site}: expected no heads for a site without them, got ${heads.join(', ')}; attn.q, k, v, z, scores, pattern and headOut have heads`,
    );
  const strange = heads?.find((head) => !(Number.isInteger(head) && head >= 0 && head < layout.heads!));
  if (strange !== undefined)
    throw new ConfigError(`${where}: ${site}: expected heads from 0 to ${layout.heads! - 1}, got ${strange}; the model has ${layout.heads} there`);
  if (keys && layout.form !== 'pairs')
    throw new ConfigError(`${where}: ${site}: expected keys for attn.scores and attn.pattern only, got ${keys.join(', ')}; leave them out`);
  if (factor !== undefined && !Number.isFinite(factor)) throw new ConfigError(`${where}: ${site}: expected a finite factor, got ${factor}`);
  if (!values || !inputs.values) return;
  const { shape } = inputs.values;
  if (values.shape.length !== shape.length || shape.some((axis, i) => typeof axis === 'number' && axis !== values.shape[i]))
    throw doNotFit(where, site, shape, values.shape);
};

const doNotFit = (where: string, site: string, shape: readonly (number | string)[], got: readonly number[]): ShapeError =>
  new ShapeError(
    `${where}: ${site}: expected values [${shape.join(', ')}], got [${got.join(', ')}]; values of another model fit only where both have the same sizes`,
  );

const valuesOf = ({ edit: { site } }: OpenedEdit, { values }: EditChoice, shape: number[]): Float32Array => {
  if (!values) throw new ConfigError(`editFeeds: ${site}: expected values [${shape.join(', ')}], got none; give them with the edit or with the run`);
  if (shape.some((length, i) => length !== values.shape[i])) throw doNotFit('editFeeds', site, shape, values.shape);
  const count = shape.reduce((a, b) => a * b, 1);
  if (values.data.length !== count) throw new ShapeError(`editFeeds: ${site}: expected ${count} numbers for [${shape.join(', ')}], got ${values.data.length}`);
  return Float32Array.from(values.data);
};

const zeros = (shape: readonly number[]): Float32Array => new Float32Array(shape.reduce((a, b) => a * b, 1));
const nothing = (shape: number[]): EditFeed => ({ dtype: 'bool', shape, data: new Uint8Array(shape.reduce((a, b) => a * b, 1)) });

/** Marks the numbers of [..., rows, 1], [batch, heads, seq, 1] or [batch, heads, seq, keys] that a choice takes. */
const chosen = ({ edit: { site }, layout }: OpenedEdit, { positions, heads, keys }: EditChoice, shape: number[]): EditFeed => {
  const feed = nothing(shape);
  const [rows, columns] = shape.slice(-2) as [number, number];
  const perText = layout.heads ?? 1;
  const texts = shape.slice(0, -2).reduce((a, b) => a * b, 1) / perText;
  const own = positions?.some((each) => typeof each !== 'number') ? (positions as readonly (readonly number[])[]) : undefined;
  if (own && own.length !== texts)
    throw new ConfigError(`editFeeds: ${site}: expected positions for ${texts} texts, got ${own.length} lists; one for each text`);
  const among = (given: readonly number[] | undefined, length: number, what: string): number[] =>
    given?.map((place) => {
      if (!(Number.isInteger(place) && place >= -length && place < length))
        throw new ConfigError(
          `editFeeds: ${site}: expected ${what} from 0 to ${length - 1}, or -${length} to -1 from the end, got ${place}; the text has ${length} tokens`,
        );
      return place < 0 ? place + length : place;
    }) ?? Array.from({ length }, (_, i) => i);
  const takenKeys = among(layout.form === 'pairs' ? keys : undefined, columns, 'keys');
  for (let text = 0; text < texts; text++)
    for (const row of among(own ? own[text] : (positions as readonly number[] | undefined), rows, 'positions'))
      for (const head of heads && layout.heads !== undefined ? heads : Array(perText).keys())
        for (const key of takenKeys) feed.data[((text * perText + head) * rows + row) * columns + key] = 1;
  return feed;
};
