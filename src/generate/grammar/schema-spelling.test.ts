import { describe, expect, it } from 'vitest';
import { jsonGrammar } from './json-grammar.ts';
import { judgeOf } from './testing/schema-suite.ts';
import { hasText } from './testing/write-at-random.ts';

const property = (schema: object) => ({ type: 'object', properties: { a: schema }, required: ['a'] });
const has = (schema: unknown, ...values: readonly unknown[]): boolean[] => {
  const grammar = jsonGrammar(schema);
  return values.map((value) => hasText(grammar, typeof value === 'string' ? value : JSON.stringify(value)));
};

describe('what asks for nothing is left out:', () => {
  it.each<[string, unknown]>([
    ...['$schema', '$id', '$anchor', '$dynamicAnchor', '$comment', 'title', 'description', 'contentMediaType', 'contentEncoding', 'markdownDescription'].map(
      (name): [string, unknown] => [name, 'a text'],
    ),
    ...['$defs', 'definitions', '$vocabulary', 'contentSchema', 'externalDocs', 'xml', 'discriminator', 'x-own', 'x-order'].map((name): [string, unknown] => [
      name,
      {},
    ]),
    ...['deprecated', 'readOnly', 'writeOnly'].map((name): [string, unknown] => [name, true]),
    ...['examples', 'enumNames', 'enumDescriptions', 'propertyOrdering'].map((name): [string, unknown] => [name, ['b']]),
    ...['default', 'example'].map((name): [string, unknown] => [name, 'b']),
    ...['patternProperties', 'dependentRequired', 'dependentSchemas', 'dependencies', 'unevaluatedProperties', 'unevaluatedItems'].map(
      (name): [string, unknown] => [name, {}],
    ),
    ...['if', 'then', 'else', 'additionalItems'].map((name): [string, unknown] => [name, { type: 'null' }]),
    ...['minContains', 'maxContains'].map((name): [string, unknown] => [name, 1]),
    ...['not', 'nullable', 'exclusiveMinimum', 'exclusiveMaximum', 'uniqueItems'].map((name): [string, unknown] => [name, false]),
    ...['phone', 'markdown', 'int32', 'base64', 'constructor'].map((format): [string, unknown] => ['format', format]),
  ])('%s: %j', (name, value) => {
    const plain = { type: 'string', enum: ['a', 'b'] };
    expect(jsonGrammar(property({ ...plain, [name]: value })).nodes).toEqual(jsonGrammar(property(plain)).nodes);
    const free = has({ type: 'string', [name]: value }, ['a'], '"a"', '"\\u0001 é"', '1');
    expect(free).toEqual([false, true, true, false]);
  });
});

describe('what older drafts and OpenAPI write is read as it is meant:', () => {
  it.each<[string, object, readonly unknown[], readonly unknown[]]>([
    ['nullable', { type: 'integer', nullable: true }, [1, null], ['"a"', 1.5]],
    ['nullable of several', { type: ['integer', 'null'], nullable: true }, [1, null], [true]],
    ['a list of items', { type: 'array', items: [{ type: 'integer' }, { type: 'null' }] }, [[1, null], [1, null, true], [1], []], [[null]]],
    ['and no others', { type: 'array', items: [{ type: 'integer' }], additionalItems: false }, [[1], []], [[1, 1], [null]]],
    ['and others', { type: 'array', items: [{ type: 'integer' }], additionalItems: { type: 'null' } }, [[1, null, null]], [[1, 1]]],
    ['no items of its own', { type: 'array', items: [], additionalItems: { type: 'null' } }, [[], [null]], [[1]]],
    ['an exclusive bound', { type: 'integer', minimum: 3, exclusiveMinimum: true, maximum: 6, exclusiveMaximum: true }, [4, 5], [3, 6]],
    ['a bound that is none', { type: 'integer', minimum: 3, exclusiveMinimum: false }, [3], [2]],
    ['no unevaluated properties', { type: 'object', properties: { a: true }, unevaluatedProperties: false }, [{ a: 1 }, {}], [{ b: 1 }]],
    ['unevaluated properties', { type: 'object', properties: { a: true }, unevaluatedProperties: { type: 'null' } }, [{ a: 1, b: null }], [{ b: 1 }]],
    ['unevaluated items', { type: 'array', prefixItems: [true], unevaluatedItems: { type: 'null' } }, [[1, null]], [[1, 1]]],
    ['unique of one', { type: 'array', maxItems: 1, uniqueItems: true }, [[], [1]], [[1, 1]]],
    ['a JSON pointer', { type: 'string', format: 'json-pointer' }, ['"/a/b~1c"', '""'], ['"a"', '"/~2"']],
    ['a reference', { type: 'string', format: 'uri-reference' }, ['"/a?b#c"', '"https://a.bc/d"'], ['"//a b"', '"\\\\\\\\"']],
  ])('%s', (_, schema, valid, invalid) => {
    expect(has(schema, ...valid)).toEqual(valid.map(() => true));
    expect(has(schema, ...invalid)).toEqual(invalid.map(() => false));
  });

  it('but a place in it keeps its name', () => {
    expect(() => jsonGrammar({ type: 'array', items: [{ type: 'null' }, { not: {} }] })).toThrow('schema #/items/1: expected keywords');
  });
});

describe('so many properties', () => {
  const names = ['a', 'b', 'c', 'x', 'y'];
  const objects = Array.from({ length: 2 ** names.length }, (_, bits) => Object.fromEntries(names.filter((__, i) => (bits >> i) & 1).map((name) => [name, 1])));
  it.each([
    [false, []],
    [false, ['b']],
    [true, []],
    [true, ['b']],
  ])('are written, with others %s and %j required', (open, required) => {
    for (let least = 0; least <= 4; least++)
      for (const most of [0, 1, 2, 3, 4, undefined]) {
        const schema = {
          type: 'object',
          properties: { a: { type: 'integer' }, b: { type: 'integer' }, c: { type: 'integer' } },
          ...{ required, additionalProperties: open, minProperties: least, ...(most !== undefined && { maxProperties: most }) },
        };
        const fits = judgeOf(schema);
        const wanted = objects.filter((one) => fits(one));
        if (wanted.length === 0) expect(() => jsonGrammar(schema)).toThrow('some value fits');
        else {
          const found = has(schema, ...objects);
          // Of names that are not listed only one counts towards what is wanted.
          const own = (one: object) => Object.keys(one).filter((name) => name < 'x').length + Number('x' in one || 'y' in one);
          expect(found).toEqual(objects.map((one) => fits(one) && own(one) >= least));
        }
      }
  });

  it('are not names that repeat', () => {
    const grammar = jsonGrammar({ type: 'object', properties: { a: true }, additionalProperties: true, minProperties: 2 });
    expect(['{"x":1,"x":2}', '{"x":1,"y":2}', '{"a":1,"x":2,"x":3}'].map((text) => hasText(grammar, text))).toEqual([false, false, true]);
    expect(() => jsonGrammar({ type: 'object', minProperties: 2 })).toThrow(
      'schema #/minProperties: expected at most 1, because names that are not listed may repeat, got 2; list names under properties',
    );
  });
});
