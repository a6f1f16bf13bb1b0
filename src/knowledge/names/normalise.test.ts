import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cleanName, foldName, HEAD_NOUNS, isWordSubsequence, normaliseName, pluralsOf, singularsOf, stripHead, wordParts } from './normalise.ts';

test.each([
  ['Neural Networks', 'neural networks'],
  ['the  BERT-base model', 'BERT base model'],
  ['a conditional random field', 'conditional random field'],
  ['part-of-speech tagging', 'part of speech tagging'],
  ['HMMs', 'HMMs'],
  ['WordNet', 'WordNet'],
  ["Bayes' rule", 'bayes rule'],
  ['“Deep” learning.', 'deep learning'],
  ['C++', 'C++'],
  ['F-measure', 'f measure'],
  ['our\n  parser', 'parser'],
  ['\u202eneural\u0000 net\u200b', 'neural net'],
])('%j is named %j', (written, name) => {
  expect(normaliseName(written)).toBe(name);
});

test.each(['it', 'They', '', ' - ', '"."', 'this', '\u200b'])('%j names nothing', (written) => {
  expect(normaliseName(written)).toBeNull();
});

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ maxLength: 40 }),
  fc.constantFrom('the the cats', 'A B', '-LRB- x -RRB-', "x's 's"),
);

test('a normalised name is clean, bounded, and has no empty words', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const name = normaliseName(text);
      if (name === null) return;
      expect(name).not.toBe('');
      expect(normaliseName(name)).toBe(name);
      expect(name.split(' ').every((word) => word !== '')).toBe(true);
      expect(name.isWellFormed()).toBe(true);
      expect(/[\p{Cc}]/u.test(name)).toBe(false);
      expect(cleanName(text).length).toBeLessThanOrEqual(200);
    }),
  );
});

test('plurals and singulars are each other’s inverse', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-zA-Z ]{2,12}[a-z]{1,4}$/), (key) => {
      for (const plural of pluralsOf(key)) expect(singularsOf(plural)).toContain(key);
      for (const singular of singularsOf(key)) expect(pluralsOf(singular)).toContain(key);
    }),
  );
  expect(singularsOf('strategies')).toEqual(['strategy', 'strategie']);
  expect(singularsOf('classes')).toContain('class');
  expect(singularsOf('bias')).toEqual(['bia']);
  expect(singularsOf('loss')).toEqual([]);
});

test('head nouns, parts and folding', () => {
  expect(stripHead('CRF model')).toBe('CRF');
  expect(stripHead('CRF approaches')).toBe('CRF');
  expect(stripHead('model')).toBeNull();
  expect(HEAD_NOUNS).toContain('approaches');
  expect(wordParts('a b c', true)).toEqual(['b c', 'c']);
  expect(wordParts('aa b cc', false)).toEqual(['aa b', 'b cc', 'aa', 'cc', 'b']);
  expect(foldName('Data Sét')).toBe(foldName('dataset'));
  expect(isWordSubsequence('parser', 'statistical parser')).toBe(true);
  expect(isWordSubsequence('parser of text', 'text parser')).toBe(false);
});
