import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../core/index.ts';
import type { Grammar } from './grammar.ts';
import { jsonGrammar } from './json-grammar.ts';
import { fullVocabulary, sparseVocabulary } from './testing/mock-vocabulary.ts';
import { judgeOf, type Schema, type SuiteCase, saidAloud, schemaSuite, spellings } from './testing/schema-suite.ts';
import { hasText, writeAtRandom } from './testing/write-at-random.ts';

// What the documentation of `jsonGrammar` says is otherwise here.
const formatsAreKept = ({ file }: SuiteCase): boolean => file === 'format'; // the draft takes them as comments
const oneOfIsAnyOf = ({ schema }: SuiteCase): boolean => typeof schema === 'object' && 'oneOf' in schema;
const notAllOfAFormat = ({ file }: SuiteCase): boolean => file.startsWith('optional/format/');

const compiled = (schema: Schema): Grammar | ConfigError => {
  try {
    return jsonGrammar(schema);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
};
const files = Map.groupBy(schemaSuite(), ({ file }) => file);
const counts = { schemas: 0, kept: 0, valid: 0, invalid: 0 };

describe.each([...files])('the public suite: %s', (_, own) => {
  it.each(own.map((one) => [one.description, one] as const))('%s', (__, one) => {
    counts.schemas++;
    const [plain, aloud] = [compiled(one.schema), compiled(saidAloud(one.schema))];
    if (aloud instanceof ConfigError) {
      expect(plain).toBeInstanceOf(ConfigError);
      expect(aloud.message).toMatch(/^schema #[^:]*: expected .+, got .+; .+/);
      if (/some value fits/.test(aloud.message)) expect(one.tests.filter(([, , valid]) => valid)).toEqual([]);
      return;
    }
    counts.kept++;
    for (const [description, value, valid] of one.tests) {
      const texts = spellings(value);
      const has = (grammar: Grammar | ConfigError): boolean => !(grammar instanceof ConfigError) && texts.some((text) => hasText(grammar, text));
      if (valid && !formatsAreKept(one) && !notAllOfAFormat(one)) {
        expect(has(aloud), description).toBe(true);
        counts.valid++;
      }
      if (!valid && !oneOfIsAnyOf(one)) {
        expect([has(aloud), has(plain)], description).toEqual([false, false]);
        counts.invalid++;
      }
    }
    const fits = judgeOf(one.schema);
    for (const [seed, grammar] of [plain, aloud, plain, aloud].entries()) {
      if (grammar instanceof ConfigError) continue;
      const { text, ended } = writeAtRandom(grammar, seed < 2 ? fullVocabulary : sparseVocabulary, seed, 120);
      expect(ended, text).toBe(true);
      expect([fits(JSON.parse(text)), fits.errors], text).toEqual([true, null]);
    }
  });
});

it('covers much of the suite', () => {
  console.error(
    `${counts.kept} of ${counts.schemas} schemas kept to, ${counts.valid} valid and ${counts.invalid} invalid instances told apart; the others refused`,
  );
  expect(counts.kept).toBeGreaterThan(150);
  expect(counts.valid).toBeGreaterThan(250);
  expect(counts.invalid).toBeGreaterThan(300);
});
