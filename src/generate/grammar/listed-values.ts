import { ConfigError } from '../../core/index.ts';
import type { SchemaPart } from './json-schema.ts';
import { numberFits } from './number-values.ts';
import { type StringValues, stringFits } from './string-values.ts';
import { type JsonType, speaksOf, typeOf } from './value-types.ts';

/**
 * The values that enum and const list and that fit everything else.
 *
 * @returns undefined where nothing is listed
 * @throws ConfigError for objects and lists beside keywords that speak of them
 */
export const listedValues = (parts: readonly SchemaPart[], types: ReadonlySet<JsonType>, strings: StringValues): readonly unknown[] | undefined => {
  const all = parts.map(({ keywords }) => keywords);
  const lists = all.flatMap((one) => [...(one.enum ? [one.enum] : []), ...('const' in one ? [[one.const]] : [])]);
  if (lists.length === 0) return undefined;
  const facts = speaksOf(all, 'string') ? strings.facts(parts) : undefined;
  const fits = (value: unknown): boolean => {
    const type = typeOf(value);
    if (!types.has(type)) return false;
    if (typeof value === 'string') return !facts || stringFits(value, facts);
    if (typeof value === 'number') return numberFits(value, all);
    if (speaksOf(all, type))
      throw new ConfigError(`schema ${parts[0]!.path}: expected no other keywords beside listed values of type ${type}, got both; keep the list alone`);
    return true;
  };
  const [first, ...others] = lists.map((list) => new Map(list.map((value) => [JSON.stringify(sorted(value)), value])));
  return [...first!].flatMap(([key, value]) => (others.every((other) => other.has(key)) && fits(value) ? [value] : []));
};

/** The same for equal values: names in order. */
const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, one]) => [name, sorted(one)])
    .concat([['object']]);
};
