import { jsonTypes, type Keywords } from './json-schema.ts';

export type JsonType = (typeof jsonTypes)[number];

/** The keywords that speak of one type only. */
const spokenOf: readonly { readonly types: readonly JsonType[]; readonly keywords: readonly (keyof Keywords)[] }[] = [
  { types: ['object'], keywords: ['properties', 'required', 'additionalProperties', 'propertyNames', 'minProperties', 'maxProperties'] },
  { types: ['array'], keywords: ['items', 'prefixItems', 'minItems', 'maxItems', 'uniqueItems'] },
  { types: ['string'], keywords: ['minLength', 'maxLength', 'pattern', 'format'] },
  { types: ['number', 'integer'], keywords: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'] },
];

/** The types that all of some schemas allow; where none names any, those that they speak of. 'number' is there for numbers that are no integers. */
export const typesOf = (all: readonly Keywords[]): ReadonlySet<JsonType> => {
  const named = all.flatMap(({ type }) => (type === undefined ? [] : [new Set([type].flat() as JsonType[])]));
  if (named.length === 0 && !all.some((one) => one.enum || 'const' in one)) {
    const spoken = spokenOf.filter(({ keywords }) => all.some((one) => keywords.some((keyword) => one[keyword] !== undefined)));
    return new Set(spoken.length > 0 ? spoken.flatMap(({ types }) => types) : jsonTypes);
  }
  return new Set(jsonTypes.filter((type) => named.every((own) => own.has(type) || (type === 'integer' && own.has('number')))));
};

/** The type of a JSON value. */
export const typeOf = (value: unknown): JsonType => {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value as JsonType;
};

/** Whether one of some schemas speaks of values of a type. */
export const speaksOf = (all: readonly Keywords[], type: JsonType): boolean =>
  spokenOf.some(({ types, keywords }) => types.includes(type) && all.some((one) => keywords.some((keyword) => one[keyword] !== undefined)));
