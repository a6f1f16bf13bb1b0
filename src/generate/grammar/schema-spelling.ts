type Keywords = Readonly<Record<string, unknown>>;

/** Keywords that say something about a schema, or to who shows it, and nothing of what fits it: OpenAPI's among them, and all that begin with `x-`. */
const annotations = new Set([
  ...['$schema', '$id', '$anchor', '$dynamicAnchor', '$recursiveAnchor', '$vocabulary', '$comment', '$defs', 'definitions'],
  ...['title', 'description', 'default', 'examples', 'deprecated', 'readOnly', 'writeOnly'],
  ...['contentMediaType', 'contentEncoding', 'contentSchema'],
  ...['example', 'externalDocs', 'xml', 'discriminator', 'propertyOrdering', 'markdownDescription', 'enumNames', 'enumDescriptions'],
]);

const isObject = (value: unknown): value is Keywords => typeof value === 'object' && value !== null && !Array.isArray(value);
const isEmpty = (value: unknown): boolean => isObject(value) && Object.keys(value).length === 0;
const allowsAll = (value: unknown): boolean => value === true || isEmpty(value);
const has = (own: Keywords, ...names: readonly string[]): boolean => names.some((name) => Object.hasOwn(own, name));

/** Where a keyword that is otherwise not kept to asks for nothing. */
const idle: Readonly<Record<string, (value: unknown, own: Keywords) => boolean>> = {
  if: (_, own) => !has(own, 'then', 'else', 'unevaluatedProperties', 'unevaluatedItems'), // what it looks at counts as evaluated
  // biome-ignore lint/suspicious/noThenProperty: a keyword of that name
  then: (_, own) => !has(own, 'if'),
  else: (_, own) => !has(own, 'if'),
  not: (value) => value === false,
  nullable: (value) => value === false,
  minContains: (_, own) => !has(own, 'contains'),
  maxContains: (_, own) => !has(own, 'contains'),
  uniqueItems: (value, own) => value === true && typeof own['maxItems'] === 'number' && own['maxItems'] <= 1,
  additionalItems: (_, own) => !Array.isArray(own['items']),
  unevaluatedProperties: allowsAll,
  unevaluatedItems: allowsAll,
  patternProperties: isEmpty,
  dependentRequired: isEmpty,
  dependentSchemas: isEmpty,
  dependencies: isEmpty,
};

/** Schemas beside these look at the same value, and what they speak of counts as evaluated. */
const besides = ['$ref', 'allOf', 'anyOf', 'oneOf'];

/**
 * The keywords of one schema without those that ask for nothing, and as draft 2020-12 writes what older drafts and OpenAPI write otherwise: `items` as a list and `additionalItems`, true as exclusive bound, `nullable` beside a type;
 * `unevaluatedProperties` and `unevaluatedItems` where they mean what `additionalProperties` and `items` do.
 */
export const inOneSpelling = (given: Keywords): Keywords => {
  const own = Object.fromEntries(
    Object.entries(given).filter(
      ([name, value]) => !annotations.has(name) && !name.startsWith('x-') && !(Object.hasOwn(idle, name) && idle[name]!(value, given)),
    ),
  );
  if (own['nullable'] === true) {
    if (own['type'] !== undefined) own['type'] = [...new Set([own['type'], 'null'].flat())];
    delete own['nullable'];
  }
  for (const [bound, strict] of [
    ['minimum', 'exclusiveMinimum'],
    ['maximum', 'exclusiveMaximum'],
  ] as const) {
    if (typeof own[strict] !== 'boolean' || (own[strict] && own[bound] === undefined)) continue;
    const wanted = own[strict];
    delete own[strict];
    if (!wanted) continue;
    own[strict] = own[bound];
    delete own[bound];
  }
  if (Array.isArray(own['items']) && own['prefixItems'] === undefined) {
    const { items, additionalItems, ...rest } = own;
    return { ...rest, ...((items as unknown[]).length > 0 && { prefixItems: items }), ...(additionalItems !== undefined && { items: additionalItems }) };
  }
  for (const [name, same] of [
    ['unevaluatedProperties', 'additionalProperties'],
    ['unevaluatedItems', 'items'],
  ] as const) {
    if (own[name] === undefined || has(own, ...besides)) continue;
    own[same] ??= own[name];
    delete own[name];
  }
  return own;
};

const cases = 'write the cases as schemas of anyOf';
const instead: Readonly<Record<string, string>> = {
  not: 'list what is allowed, with enum or anyOf',
  if: cases,
  // biome-ignore lint/suspicious/noThenProperty: a keyword of that name
  then: cases,
  else: cases,
  dependentRequired: cases,
  dependentSchemas: cases,
  dependencies: cases,
  patternProperties: 'use additionalProperties, and propertyNames with a pattern',
  unevaluatedProperties: 'close each schema with additionalProperties: false',
  unevaluatedItems: 'say items in each schema',
  contains: 'put the item that must be there first, with prefixItems',
  minContains: 'put the items that must be there first, with prefixItems',
  maxContains: 'put the items that must be there first, with prefixItems',
  $dynamicRef: 'use $ref',
  $recursiveRef: 'use $ref',
};

/** What to do about a keyword that is not kept to. */
export const adviceFor = (name: string): string =>
  Object.hasOwn(instead, name)
    ? `${instead[name]}, or leave it out and check the answer for it`
    : 'JSON Schema has no such keyword: correct its name, begin it with x- where it is a note, or leave it out';
