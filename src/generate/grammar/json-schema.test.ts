import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../core/index.ts';
import { jsonGrammar } from './json-grammar.ts';
import { fullVocabulary } from './testing/mock-vocabulary.ts';
import { validateJson } from './testing/validate-json.ts';
import { writeAtRandom } from './testing/write-at-random.ts';

const property = (schema: unknown) => ({ type: 'object', properties: { a: schema }, required: ['a'] });
const nested = (levels: number): unknown => (levels === 0 ? { type: 'null' } : { type: 'array', items: nested(levels - 1) });

describe('what a grammar cannot honour is refused by its path:', () => {
  it.each<[unknown, string]>([
    ...[
      ['not', {}, 'list what is allowed, with enum or anyOf, or leave it out and check the answer for it'],
      ['patternProperties', { '^a': {} }, 'use additionalProperties, and propertyNames with a pattern, or'],
      ['contains', {}, 'put the item that must be there first, with prefixItems, or'],
      ['dependentRequired', { a: ['b'] }, 'write the cases as schemas of anyOf, or'],
      ['$dynamicRef', '#', 'use $ref, or'],
      ['minLenght', 1, 'JSON Schema has no such keyword: correct its name, begin it with x- where it is a note, or leave it out'],
      ['constructor', {}, 'JSON Schema has no such keyword'],
      ['nullable', 1, 'JSON Schema has no such keyword'],
    ].map(
      ([name, value, advice]) =>
        [property({ [name as string]: value }), `#/properties/a: expected keywords that a grammar can honour, got "${name}"; ${advice}`] as [unknown, string],
    ),
    // biome-ignore lint/suspicious/noThenProperty: a keyword of that name
    [property({ if: {}, then: {} }), '#/properties/a: expected keywords that a grammar can honour, got "if"; write the cases as schemas of anyOf'],
    [property({ allOf: [{}], unevaluatedProperties: false }), 'got "unevaluatedProperties"; close each schema with additionalProperties: false, or'],
    [property({ anyOf: [{}], unevaluatedItems: false }), 'got "unevaluatedItems"; say items in each schema, or'],
    [property({ uniqueItems: true }), '#/properties/a/uniqueItems: expected false'],
    [property({ items: [{}], prefixItems: [{}] }), '#/properties/a/items: expected one schema'],
    [property({ items: [1] }), '#/properties/a/prefixItems: expected a list of at least one schema'],
    [property({ exclusiveMinimum: true }), '#/properties/a/exclusiveMinimum: expected a number, got true'],
    [property({ minProperties: 1.5 }), '#/properties/a/minProperties: expected a whole number'],
    [property({ type: 'text' }), '#/properties/a/type: expected one or several of null, boolean'],
    [property({ type: [] }), '#/properties/a/type: expected'],
    [property({ enum: [] }), '#/properties/a/enum: expected a list of at least one value, got []'],
    [property({ anyOf: [] }), '#/properties/a/anyOf: expected a list of at least one schema'],
    [property({ anyOf: [{}, { minLength: -1 }] }), '#/properties/a/anyOf/1/minLength: expected a whole number'],
    [property({ minimum: '1' }), '#/properties/a/minimum: expected a number, got "1"'],
    [property({ multipleOf: 0 }), '#/properties/a/multipleOf: expected a number above 0'],
    [property({ required: [1] }), '#/properties/a/required: expected a list of names'],
    [property({ format: 'regex' }), '#/properties/a/format: expected a format that a grammar can honour, as date, time'],
    [property({ pattern: '(?<=a)b' }), '#/properties/a/pattern: expected'],
    [property({ pattern: 1 }), '#/properties/a/pattern: expected a string'],
    [property({ $ref: 'other.json' }), '#/properties/a/$ref: expected the place of a schema within this one, such as "#/$defs/name", got "other.json"'],
    [property({ $ref: '#/$defs/none' }), '#/properties/a/$ref: expected the place'],
    [property({ $ref: '#/properties/__proto__' }), '#/properties/a/$ref: expected the place'],
    [property({ enum: [{ b: 1 }], properties: { b: true } }), '#/properties/a: expected no other keywords beside listed values of type object'],
    [property({ propertyNames: { type: 'integer' } }), '#/properties/a/propertyNames: expected names that are described by'],
    [{ type: 'object', properties: { 'b/c~': { not: {} } } }, '#/properties/b~1c~0: expected keywords'],
    [{ $defs: { x: { items: { minItems: 'a' } } }, $ref: '#/$defs/x' }, '#/$defs/x/items/minItems: expected'],
    [1, '#: expected a schema (an object, true or false), got 1'],
    [null, '#: expected a schema'],
    [[], '#: expected a schema'],
    [{ const: undefined }, ': expected JSON, got a undefined'],
    [{ minimum: Number.NaN }, ': expected JSON, got NaN'],
  ])('%j', (schema, message) => {
    expect(() => jsonGrammar(schema)).toThrow(ConfigError);
    expect(() => jsonGrammar(schema)).toThrow(/^[#:]/.test(message) ? `schema${message.startsWith(':') ? '' : ' '}${message}` : message);
  });

  it('options, too', () => {
    expect(() => jsonGrammar({}, { whitespace: 'free' as 'compact' })).toThrow(ConfigError);
    expect(() => jsonGrammar({}, { space: 1 } as object)).toThrow(ConfigError);
  });
});

describe('a schema that nothing fits is refused:', () => {
  it.each([
    [false, '#'],
    [{ type: 'string', enum: [1] }, '#'],
    [{ allOf: [{ type: 'string' }, { type: 'integer' }] }, '#'],
    [{ type: 'string', minLength: 3, maxLength: 2 }, '#'],
    [{ type: 'string', pattern: '^a$', minLength: 2 }, '#'],
    [{ type: 'string', pattern: 'a^' }, '#'],
    [{ type: 'integer', minimum: 3, maximum: 2 }, '#'],
    [{ type: 'integer', minimum: 1, maximum: 5, multipleOf: 6 }, '#'],
    [{ type: 'array', minItems: 2, maxItems: 1 }, '#'],
    [{ type: 'array', items: false, minItems: 1 }, '#/items'],
    [{ type: 'array', prefixItems: [{}, false], minItems: 2 }, '#/prefixItems/1'],
    [property({ type: 'object', properties: { b: false }, required: ['b'] }), '#/properties/a/properties/b'],
    [{ type: 'object', properties: {}, required: ['b'], additionalProperties: false }, '#/additionalProperties'],
    [{ type: 'object', properties: { next: { $ref: '#' } }, required: ['next'] }, '#/properties/next'],
    [{ $defs: { t: { type: 'array', minItems: 1, items: { $ref: '#/$defs/t' } } }, anyOf: [{ $ref: '#/$defs/t' }, { enum: [1], type: 'null' }] }, '#'],
    [{ anyOf: [{ type: 'string' }, { type: 'null' }], enum: [1, 2] }, '#'],
    [{ type: 'object', propertyNames: { pattern: '^b' }, properties: { a: {} }, required: ['a'] }, '#'],
  ])('%j', (schema, path) => {
    expect(() => jsonGrammar(schema)).toThrow(`schema ${path}: expected a schema that some value fits, got one that none does`);
  });
});

describe('a hostile schema ends soon with an error:', () => {
  const cyclic: Record<string, unknown> = { type: 'array' };
  cyclic['items'] = cyclic;
  const names = (count: number, end = '') => Object.fromEntries(Array.from({ length: count }, (_, i) => [`${i}${end}`, {}]));
  it.each<[string, unknown, RegExp]>([
    ['deep nesting', nested(200), /at most 100 levels/],
    ['a value that contains itself', cyclic, /at most 100 levels/],
    ['a huge list', { enum: Array.from({ length: 100_000 }, (_, i) => i) }, /at most 50000 values/],
    ['huge texts', { const: 'a'.repeat(2_000_000) }, /at most 1000000 characters/],
    ['a huge pattern', { pattern: 'a?'.repeat(3000) }, /at most 4096 characters/],
    ['a pattern that unfolds', { pattern: '(a|b)*a(a|b){30}' }, /#\/pattern: expected/],
    ['a pattern times a length', { pattern: '^(\\w{1,20} ){1,20}$', minLength: 5000 }, /expected/],
    ['a large property many times', { type: 'string', pattern: '^\\p{L}{1,300}$' }, /unfolds? to/],
    ['$ref to itself', { $ref: '#' }, /leads back to itself/],
    [
      'a round of $ref',
      { $defs: { a: { $ref: '#/$defs/b' }, b: { allOf: [{ $ref: '#/$defs/a' }] } }, $ref: '#/$defs/a' },
      /#\/\$defs\/a: .*leads back to itself/,
    ],
    ['anyOf of itself', { anyOf: [{ type: 'null' }, { $ref: '#' }] }, /#\/anyOf\/1: .*leads back to itself/],
    [
      'a round of anyOf',
      { $defs: { a: { anyOf: [{ $ref: '#/$defs/b' }] }, b: { oneOf: [{ type: 'null' }, { $ref: '#/$defs/a' }] } }, $ref: '#/$defs/a' },
      /leads back to itself/,
    ],
    ['anyOf of itself with a sibling', { minLength: 1, anyOf: [{ $ref: '#' }, { type: 'string' }] }, /leads back to itself/],
    [
      'a long row of $ref',
      { $defs: Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`r${i}`, { $ref: `#/$defs/r${i + 1}` }])), $ref: '#/$defs/r0' },
      /at most 200 references in a row/,
    ],
    [
      'choices times choices',
      { allOf: Array.from({ length: 20 }, (_, i) => ({ anyOf: [{ minLength: i }, { maxLength: 100 + i }, { pattern: 'a' }] })) },
      /unfold to less/,
    ],
    ['names beside additional ones', { properties: names(4000, '-'.repeat(20)), additionalProperties: true }, /at most 32000 states/],
  ])('%s', (_, schema, message) => {
    expect(() => jsonGrammar(schema)).toThrow(ConfigError);
    expect(() => jsonGrammar(schema)).toThrow(message);
  });

  it.each<[string, unknown]>([
    ['many listed values', { enum: Array.from({ length: 20_000 }, (_, i) => `value ${i}`) }],
    ['many properties', { properties: names(3000), required: ['2999'] }],
    [
      'many alternatives',
      {
        anyOf: Array.from({ length: 2000 }, (_, i) => ({
          type: 'object',
          properties: { kind: { const: `k${i}` }, n: { type: 'integer' } },
          required: ['kind', 'n'],
        })),
      },
    ],
    [
      'alternatives that multiply',
      {
        $defs: Object.fromEntries(
          Array.from({ length: 60 }, (_, i) => [
            `d${i}`,
            i === 59
              ? { type: 'array', maxItems: 1, items: { type: 'null' } }
              : { anyOf: [{ $ref: `#/$defs/d${i + 1}` }, { $ref: `#/$defs/d${i + 1}`, description: 'again' }] },
          ]),
        ),
        $ref: '#/$defs/d0',
      },
    ],
    [
      'readings that multiply',
      {
        $defs: {
          t: {
            anyOf: [
              { type: 'array', items: { $ref: '#/$defs/t' } },
              { type: 'array', items: { $ref: '#/$defs/t' }, maxItems: 3 },
              { type: 'array', prefixItems: [{ $ref: '#/$defs/t' }] },
            ],
          },
        },
        $ref: '#/$defs/t',
      },
    ],
    ['huge counts', { type: 'array', items: { type: 'string', maxLength: 2_000_000_000 }, maxItems: 2_000_000_000 }],
  ])('but %s is none', (_, schema) => {
    const { text, ended } = writeAtRandom(jsonGrammar(schema), fullVocabulary, 3, 150);
    expect(ended).toBe(true);
    expect(validateJson(schema as Record<string, unknown>, JSON.parse(text))).toBeUndefined();
  });
});
