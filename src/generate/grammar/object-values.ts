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
  const path = parts[0]?.path ?? '#';
  const least = Math.max(0, ...all.flatMap(({ minProperties }) => minProperties ?? []));
  const bound = Math.min(Number.POSITIVE_INFINITY, ...all.flatMap(({ maxProperties }) => maxProperties ?? []));
  const most = open || bound < names.length ? bound : Number.POSITIVE_INFINITY;
  if (least > bound || (!open && least > names.length)) return builder.never;
  if (least > names.length + 1)
    throw new ConfigError(
      `schema ${pointerTo(path, 'minProperties')}: expected at most ${names.length + 1}, because names that are not listed may repeat, got ${least}; list names under properties`,
    );
  const [close, comma] = [builder.terminal(pieces.closeObject), builder.terminal(pieces.comma)];
  const pair = open
    ? builder.sequence(otherNames(writer, names, allowed, writer.work.at(`schema ${path}`)), builder.terminal(pieces.colon), space, writer.value(others))
    : builder.never;
  /** Properties that no schema names, after so many; all of them count as one where many are wanted, because their names may repeat. */
  const unnamed = (count: number): number =>
    open && count < most && count + 1 >= least
      ? builder.sequence(pair, builder.repeat(builder.sequence(space, comma, space, pair), 0, most - count - 1), space, close)
      : builder.never;
  /** What follows after a property: another one or the end. */
  const following = ({ next, mayEnd }: Tail): number =>
    builder.sequence(space, builder.choice(builder.sequence(comma, space, next), mayEnd ? close : builder.never));

  // From the last property to the first: those from here on, by how many were written before; the last stands for more, too, where there is no bound.
  const counted = most < Number.POSITIVE_INFINITY ? names.length : Math.min(least, names.length);
  let tails = Array.from({ length: counted + 1 }, (_, count): Tail => ({ next: unnamed(count), mayEnd: count >= least }));
  for (const name of names.reverse()) {
    const property = builder.sequence(builder.literals([`${JSON.stringify(name)}:`]), space, valueAt(name));
    const after = tails.map(following);
    tails = tails.map(({ next, mayEnd }, count) => {
      const written = count < most ? builder.sequence(property, after[Math.min(count + 1, counted)]!) : builder.never;
      return required.has(name) ? { next: written, mayEnd: false } : { next: builder.choice(written, next), mayEnd };
    });
  }
  const [{ next, mayEnd }] = tails as [Tail];
  return builder.sequence(builder.terminal(pieces.openObject), space, builder.choice(next, mayEnd ? close : builder.never));
};

/** What may be written from some property on: that or a later one, or nothing more. */
interface Tail {
  readonly next: number;
  readonly mayEnd: boolean;
}

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
