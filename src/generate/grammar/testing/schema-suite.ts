import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

export type Schema = boolean | Readonly<Record<string, unknown>>;

/** A schema of the public JSON Schema Test Suite (draft 2020-12) and what fits it. */
export interface SuiteCase {
  readonly file: string;
  readonly description: string;
  readonly schema: Schema;
  readonly tests: readonly (readonly [description: string, value: unknown, valid: boolean])[];
}

/** The suite that `scripts/make-schema-suite.py` wrote, without the few schemas of other dialects. */
export const schemaSuite = (): SuiteCase[] => {
  const { files } = JSON.parse(readFileSync(new URL('../fixtures/json-schema-suite.json', import.meta.url), 'utf8')) as {
    files: Record<string, Omit<SuiteCase, 'file'>[]>;
  };
  return Object.entries(files).flatMap(([file, cases]) => cases.map((one) => ({ file, ...one })).filter(({ schema }) => dialectOf(schema) === dialect));
};

const dialect = 'https://json-schema.org/draft/2020-12/schema';
const dialectOf = (schema: Schema): unknown => (typeof schema === 'boolean' ? dialect : schema['$schema']);

/** Another implementation's judge of a schema. Formats are not judged, and oneOf as the grammar takes it. */
export const judgeOf = (schema: Schema): ValidateFunction =>
  new Ajv2020({ strict: false, validateFormats: false, multipleOfPrecision: 7, ownProperties: true }).compile(oneOfAsAnyOf(schema) as object);

const types = ['null', 'boolean', 'object', 'array', 'string', 'number'];
const [byName, listed, single] = [
  ['properties', '$defs', 'definitions'],
  ['anyOf', 'allOf', 'oneOf', 'prefixItems'],
  ['items', 'additionalProperties'],
];
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A schema with the schemas in it changed, the innermost first; names are left alone. */
export const changed = (schema: unknown, change: (own: Record<string, unknown>) => Record<string, unknown>): Schema => {
  if (!isObject(schema)) return schema as Schema;
  const inner = ([keyword, value]: [string, unknown]): [string, unknown] => {
    if (byName.includes(keyword) && isObject(value))
      return [keyword, Object.fromEntries(Object.entries(value).map(([name, one]) => [name, changed(one, change)]))];
    if (listed.includes(keyword) && Array.isArray(value)) return [keyword, value.map((one) => changed(one, change))];
    return [keyword, single.includes(keyword) ? changed(value, change) : value];
  };
  return change(Object.fromEntries(Object.entries(schema).map(inner)));
};

/** The same schema with what a grammar would take otherwise said aloud: all types where none is named, additional properties where nothing is said of them, nor of unevaluated ones. */
export const saidAloud = (schema: Schema): Schema =>
  changed(schema, (own) => ({
    ...own,
    ...(own['type'] === undefined && { type: types }),
    ...(own['properties'] !== undefined && own['unevaluatedProperties'] === undefined && { additionalProperties: own['additionalProperties'] ?? true }),
  }));

/** oneOf as the grammar takes it. */
const oneOfAsAnyOf = (schema: Schema): Schema =>
  changed(schema, ({ oneOf, ...own }) =>
    oneOf === undefined ? own : { ...own, allOf: [...((own['allOf'] as unknown[] | undefined) ?? []), { anyOf: oneOf }] },
  );

const mostSpellings = 1000;

/** A value as JSON, its properties in every order; no more than a thousand ways. */
export const spellings = (value: unknown): string[] => {
  const together = (parts: readonly string[][]): string[] =>
    parts.reduce((found, part, i) => found.flatMap((before) => part.map((one) => `${before}${i > 0 ? ',' : ''}${one}`)).slice(0, mostSpellings), ['']);
  if (Array.isArray(value)) return together(value.map(spellings)).map((text) => `[${text}]`);
  if (!isObject(value)) return [JSON.stringify(value)];
  const properties = Object.entries(value).map(([name, one]) => spellings(one).map((text) => `${JSON.stringify(name)}:${text}`));
  return orders(properties)
    .flatMap(together)
    .slice(0, mostSpellings)
    .map((text) => `{${text}}`);
};

const orders = <T>(list: readonly T[]): T[][] =>
  list.length < 2 ? [[...list]] : list.flatMap((first, i) => orders(list.toSpliced(i, 1)).map((rest) => [first, ...rest]));
