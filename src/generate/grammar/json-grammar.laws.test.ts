import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ConfigError } from '../../core/index.ts';
import type { Grammar } from './grammar.ts';
import { jsonGrammar } from './json-grammar.ts';
import { pushdown } from './pushdown.ts';
import { fullVocabulary } from './testing/mock-vocabulary.ts';
import { validateJson } from './testing/validate-json.ts';
import { writeAtRandom } from './testing/write-at-random.ts';

type Schema = boolean | Record<string, unknown>;
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 2 });
const record = (fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Schema> =>
  fc.record(fields).map((found) => Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined)));
const small = fc.integer({ min: 0, max: 4 });
const scalar = fc.constantFrom<unknown>(null, true, 0, 3, 2.5, -1, '', 'a', 'abc', 'é');

const { schema } = fc.letrec<{ schema: Schema }>((tie) => {
  const inner = tie('schema');
  const several = fc.array(inner, { minLength: 1, maxLength: 3 });
  const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'ab', 'name', 'é"'), { maxLength: 3 });
  return {
    schema: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      record({ type: fc.constantFrom('string', 'integer', 'number', 'boolean', 'null', ['string', 'null'], ['integer', 'array']) }),
      record({
        type: fc.constant('string'),
        minLength: maybe(small),
        maxLength: maybe(small),
        pattern: maybe(fc.constantFrom('^a', 'b$', '^[a-c]*$', '^(a|é)+$', '\\bb\\b', '^\\p{Lu}*$')),
      }),
      record({
        type: fc.constantFrom('integer', 'number'),
        minimum: maybe(fc.integer({ min: -20, max: 5 })),
        exclusiveMaximum: maybe(fc.integer({ min: 3, max: 30 })),
        multipleOf: maybe(fc.constantFrom(2, 3, 0.5)),
      }),
      record({ enum: fc.array(scalar, { minLength: 1, maxLength: 4 }) }),
      record({ const: scalar }),
      fc.constantFrom<Schema>(true, false, {}),
      record({ type: maybe(fc.constant('array')), items: maybe(inner), prefixItems: maybe(several), minItems: maybe(small), maxItems: maybe(small) }),
      record({
        type: maybe(fc.constant('object')),
        properties: maybe(fc.dictionary(fc.constantFrom('a', 'b', 'ab', 'é"'), inner, { maxKeys: 3 })),
        required: maybe(names),
        additionalProperties: maybe(inner),
        minProperties: maybe(small),
        maxProperties: maybe(small),
      }),
      record({ anyOf: maybe(several), oneOf: maybe(several), allOf: maybe(several), minLength: maybe(small), minimum: maybe(small) }),
      record({ $ref: fc.constantFrom('#', '#/$defs/x'), maxItems: maybe(small) }),
    ),
  };
});

const opened = (given: Schema): Grammar | undefined => {
  try {
    return jsonGrammar(given);
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
};

describe('whatever the schema', () => {
  it('an answer fits it', () => {
    let made = 0;
    fc.assert(
      fc.property(schema, schema, fc.nat(), (own, other, seed) => {
        const whole = typeof own === 'boolean' ? own : { $defs: { x: other }, ...own };
        const grammar = opened(whole);
        if (!grammar) return;
        made++;
        const { cost } = pushdown(grammar, fullVocabulary.vocabulary).start();
        const { text, ended } = writeAtRandom(grammar, fullVocabulary, seed, cost + (seed % 60));
        expect(ended, text).toBe(true);
        expect(validateJson(whole, JSON.parse(text)), text).toBeUndefined();
      }),
      { numRuns: 800 },
    );
    expect(made).toBeGreaterThan(300);
  });
});

const zods: Record<string, z.ZodType> = {
  person: z.object({ name: z.string().min(1).max(20), age: z.number().int().min(0).max(150), email: z.email().optional(), tags: z.array(z.string()).max(3) }),
  union: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('a'), x: z.number() }),
    z.object({ kind: z.literal('b'), y: z.tuple([z.boolean(), z.int()]) }),
  ]),
  record: z.record(z.string(), z.number().min(0).max(1)),
  'record of names': z.partialRecord(z.enum(['left', 'right']), z.int32()),
  tuple: z.tuple([z.string(), z.nullable(z.int())]),
  strict: z.strictObject({ level: z.enum(['low', 'high']), note: z.string().startsWith('ab').endsWith('c') }),
  intersection: z.intersection(z.looseObject({ a: z.string() }), z.looseObject({ b: z.number().multipleOf(0.5) })),
  uuid: z.uuid(),
  'date-time': z.iso.datetime(),
  date: z.iso.date(),
  time: z.iso.time(),
  duration: z.iso.duration(),
  ipv4: z.ipv4(),
  ipv6: z.ipv6(),
  url: z.url(),
  base64: z
    .string()
    .regex(/^[A-Z]{2}\d+$/)
    .max(8),
};

describe('what zod describes', () => {
  it.each(Object.entries(zods))('%s is what zod reads', (_, type) => {
    const grammar = jsonGrammar(z.toJSONSchema(type));
    for (let seed = 0; seed < 6; seed++) {
      const { text, ended } = writeAtRandom(grammar, fullVocabulary, seed, 200);
      expect(ended).toBe(true);
      expect(type.safeParse(JSON.parse(text)).error, text).toBeUndefined();
    }
  });

  it('may contain itself', () => {
    const tree: z.ZodType = z.object({
      value: z.int(),
      get children() {
        return z.array(tree);
      },
    });
    const { text } = writeAtRandom(jsonGrammar(z.toJSONSchema(tree)), fullVocabulary, 1, 200);
    expect(tree.safeParse(JSON.parse(text)).success, text).toBe(true);
  });
});
