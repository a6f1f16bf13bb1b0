import { describe, expect, it } from 'vitest';
import { jsonGrammar, jsonObjectGrammar } from './json-grammar.ts';
import { fullVocabulary, sparseVocabulary } from './testing/mock-vocabulary.ts';
import { schemaCases } from './testing/schemas.ts';
import { validateJson } from './testing/validate-json.ts';
import { hasText, writeAtRandom } from './testing/write-at-random.ts';

describe.each(Object.entries(schemaCases))('%s', (_, cases) => {
  it.each(cases.map((one) => [JSON.stringify(one.schema).slice(0, 100), one] as const))('%s', (__, { schema, yes = [], no = [] }) => {
    const grammar = jsonGrammar(schema);
    expect(yes.filter((text) => !hasText(grammar, text))).toEqual([]);
    expect(no.filter((text) => hasText(grammar, text))).toEqual([]);
    expect(yes.flatMap((text) => validateJson(schema, JSON.parse(text)) ?? [])).toEqual([]);
    const compact = jsonGrammar(schema, { whitespace: 'compact' });
    for (let seed = 1; seed <= 8; seed++) {
      const own = seed % 2 ? grammar : compact;
      const { text, ended } = writeAtRandom(own, seed % 3 ? fullVocabulary : sparseVocabulary, seed, 120 + 20 * seed);
      expect(ended, text).toBe(true);
      const value = JSON.parse(text);
      expect(validateJson(schema, value), text).toBeUndefined();
      if (own === compact) expect(text.replace(/"(\\.|[^"\\])*"/g, '')).not.toMatch(/\s/);
    }
  });
});

it('has over a hundred schemas', () => {
  expect(Object.values(schemaCases).flat().length).toBeGreaterThan(100);
});

it('writes any object', () => {
  const grammar = jsonObjectGrammar();
  for (let seed = 1; seed <= 10; seed++) {
    const { text, ended } = writeAtRandom(grammar, fullVocabulary, seed, 300);
    expect(ended).toBe(true);
    expect(JSON.parse(text)).toBeTypeOf('object');
    expect(text).toMatch(/^\{/);
  }
});
