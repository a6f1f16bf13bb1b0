import { expect, test } from 'vitest';
import { makeReading } from '../testing/make-reading.ts';
import { findDefinitions, longForm } from './definitions.ts';
import { resolveReading } from './resolve.ts';

test.each([
  ['CRF', 'we train a conditional random field', 'conditional random field'],
  ['HMM', 'hidden Markov model', 'hidden Markov model'],
  ['MT', 'machine translation', 'machine translation'],
  ['NER', 'named-entity recognition', 'named-entity recognition'],
  ['ABC', 'nothing of the kind', null],
  ['CRF', 'the CRF', null],
])('%s after %j is %j', (short, before, full) => {
  expect(longForm(short, before)).toBe(full);
});

test('definitions are found inside sentences, with their place', () => {
  const text = 'We use support vector machines (SVMs), and more. Good (see 3) work (2019).';
  const found = findDefinitions(text, [{ start: 0, end: text.length }]);
  expect(found).toMatchObject([{ short: 'SVM', full: 'support vector machines' }]);
  expect(text.slice(found[0]!.start, found[0]!.end)).toMatch(/^support vector machines \(SVMs\)/);
});

test('a cluster’s longest name stands for its Generic mentions and for the names inside it; others become a proposal', () => {
  const reading = makeReading(
    [
      ['A', ['statistical parser', 'Method'], 'is the', ['parser', 'Method']],
      [['This method', 'Generic'], 'and', ['it', 'Generic'], 'beat', ['Collins', 'Method'], 'in', ['parsing', 'Task']],
    ],
    [],
    [[0, 1, 2, 3, 4]],
  );
  const { mentions, pairs } = resolveReading(reading);
  expect(mentions.map((mention) => [mention.key, mention.via])).toEqual([
    ['statistical parser', 'own'],
    ['statistical parser', 'coreference'],
    ['statistical parser', 'coreference'],
    ['statistical parser', 'coreference'],
    ['collins', 'own'],
    ['parsing', 'own'],
  ]);
  expect(pairs).toEqual([{ from: 'collins', to: 'statistical parser', fromMention: 4, toMention: 0 }]);
});

test('a document’s own definition names its acronyms, and one span "full (SHORT)" is the full name', () => {
  const reading = makeReading([
    ['The', ['conditional random field', 'Method'], '(CRF) is good.'],
    [['CRFs', 'Method'], 'and a', ['maximum entropy model (MEM)', 'Method'], 'and', ['LDA', 'Method']],
  ]);
  expect(resolveReading(reading).mentions.map((mention) => [mention.key, mention.via])).toEqual([
    ['conditional random field', 'own'],
    ['conditional random field', 'definition'],
    ['maximum entropy model', 'own'],
    ['LDA', 'own'],
  ]);
});

test('a Generic mention that nothing explains has no name', () => {
  const { mentions } = resolveReading(makeReading([[['approach', 'Generic'], 'works']], [], [[0, 0]]));
  expect(mentions).toMatchObject([{ key: null, via: null }]);
});
