import { ConfigError } from '../../core/index.ts';
import { byteTable } from './byte-table.ts';
import { pointerTo, type SchemaPart } from './json-schema.ts';
import type { JsonWriter } from './json-writer.ts';
import { type StringFacts, stringFits } from './string-values.ts';
import { acceptsAnything, bothTexts, otherTexts, textsExcept, textsOfLength } from './text-automaton.ts';
import type { Work } from './work.ts';

/**
 * Objects that fit all of some schemas. Properties come in the order in which the schemas name them. Those that no schema names come last, where additionalProperties lets them, or where nothing is said of
 * properties at all.
 */
export const objectsOf = (writer: JsonWriter, parts: readonly SchemaPart[]): number => {
  const { builder, pieces, space, schema } = writer;
  const all = parts.map(({ keywords, path }) => ({ ...keywords, path }));
  const required = new Set(all.flatMap(({ required: names = [] }) => names));
  const names = [...new Set([...all.flatMap(({ properties = {} }) => Object.keys(properties)), ...required])];
  const others = all.flatMap(({ additionalProperties, path }) =>
    additionalProperties === undefined ? [] : [schema.part(additionalProperties, pointerTo(path, 'additionalProperties'))],
  );
  const open = others.length > 0 || all.every(({ properties }) => properties === undefined);
  const allowed = nameFacts(writer, parts);
  const valueAt = (name: string): number => {
    if (allowed && !allowed.fits(name)) return builder.never;
    return writer.value(
      all.flatMap(({ properties, additionalProperties, path }) => {
        if (properties && Object.hasOwn(properties, name)) return [schema.part(properties[name], pointerTo(path, 'properties', name))];
        return additionalProperties === undefined ? [] : [schema.part(additionalProperties, pointerTo(path, 'additionalProperties'))];
      }),
    );
  };
  const [close, comma] = [builder.terminal(pieces.closeObject), builder.terminal(pieces.comma)];
  /** What follows after a property: another one or the end. */
  const following = (next: number, mayEnd: boolean): number =>
    builder.sequence(space, builder.choice(builder.sequence(comma, space, next), mayEnd ? close : builder.never));

  // From the last property to the first: those from here on, and whether all of them may be missing.
  const again = builder.later();
  const otherName = open ? otherNames(writer, names, allowed, writer.work.at(`schema ${parts[0]?.path ?? '#'}`)) : builder.never;
  let next = open ? builder.sequence(otherName, builder.terminal(pieces.colon), space, writer.value(others), following(again.node, true)) : builder.never;
  again.is(next);
  let mayEnd = true;
  for (const name of names.reverse()) {
    const key = builder.literals([`${JSON.stringify(name)}:`]);
    const property = builder.sequence(key, space, valueAt(name), following(next, mayEnd));
    next = required.has(name) ? property : builder.choice(property, next);
    mayEnd &&= !required.has(name);
  }
  return builder.sequence(builder.terminal(pieces.openObject), space, builder.choice(next, mayEnd ? close : builder.never));
};

interface NameFacts extends StringFacts {
  readonly lists: readonly (readonly unknown[])[];
  readonly fits: (name: string) => boolean;
}

/** What propertyNames say; undefined where they say nothing. */
const nameFacts = ({ schema, conjunction, strings }: JsonWriter, parts: readonly SchemaPart[]): NameFacts | undefined => {
  const given = parts.flatMap(({ keywords: { propertyNames }, path }) =>
    propertyNames === undefined ? [] : [schema.part(propertyNames, pointerTo(path, 'propertyNames'))],
  );
  const { plain, choices } = conjunction(given);
  for (const { path, keywords, never } of [...plain, ...choices.map(({ part }) => part)])
    if (never || keywords.anyOf || keywords.oneOf || (keywords.type !== undefined && keywords.type !== 'string'))
      throw new ConfigError(
        `schema ${path}: expected names that are described by type string, enum, const, pattern, format and lengths, got something else; write them so`,
      );
  if (plain.length === 0) return undefined;
  const facts = strings.facts(plain);
  const lists = plain.flatMap(({ keywords }) => [...(keywords.enum ? [keywords.enum] : []), ...('const' in keywords ? [[keywords.const]] : [])]);
  return { ...facts, lists, fits: (name: string) => stringFits(name, facts) && lists.every((list) => list.includes(name)) };
};

/** The names that a property may have that no schema names. */
const otherNames = ({ builder, pieces }: JsonWriter, names: readonly string[], facts: NameFacts | undefined, work: Work): number => {
  if (names.length === 0 && !facts) return builder.terminal(pieces.string);
  let all = textsExcept(names, work);
  if (facts?.automaton) all = bothTexts(all, facts.automaton, work);
  if (facts && (facts.least > 0 || facts.most < Number.POSITIVE_INFINITY)) all = bothTexts(all, textsOfLength(facts.least, facts.most, work), work);
  for (const list of facts?.lists ?? []) {
    const texts = list.filter((one) => typeof one === 'string');
    all = bothTexts(all, otherTexts(textsExcept(texts, work)), work);
  }
  return acceptsAnything(all) ? builder.terminal(byteTable(all, { asJson: true, work })) : builder.never;
};
