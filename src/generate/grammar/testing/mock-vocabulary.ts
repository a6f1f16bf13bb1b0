import { type VocabularyTrie, vocabularyTrie } from '../vocabulary-trie.ts';

const encoder = new TextEncoder();
const pieces = [
  '":',
  '": ',
  '"}]',
  '{"',
  '{ "',
  '", "',
  '","',
  '"}',
  '}}',
  '}]',
  '},',
  '},{',
  '[[',
  ']]',
  '],[',
  '["',
  '"]',
  '[{"',
  '[]',
  '{}',
  '""',
  '" ',
  ' "',
  ': {',
  '\n  ',
  '\n    ',
  ',\n',
  '  ',
  '\n"', // structure
  'true',
  'fal',
  'se',
  'nul',
  'l,',
  'null',
  'true}',
  '10',
  '23',
  '456',
  '0.',
  '.5',
  'e+',
  '-1',
  '1,',
  '00',
  '5]',
  '2}', // values
  '\\u',
  '\\"',
  '\\n',
  '\\\\',
  '\\uD83D',
  '\\uDE00',
  'u00',
  '00e9', // escapes
  'name',
  '"na',
  'me":',
  'na',
  'kind',
  '"a',
  'a":',
  '"b":',
  'a"',
  'ab',
  'abc',
  'cat',
  'dog',
  ' the',
  'é',
  '"é',
  '日',
  '日本',
  '😀',
  '😀"',
  'ß\\', // texts
  '2024-',
  '-02-',
  'T12:',
  ':30',
  'Z"',
  '@ex',
  '.com',
  'http',
  '://',
  '192.',
  '::',
  'a1-',
  'PT', // formats
];
const broken = ['c3', 'e697', 'f09f', 'f09f98', '80', '9880', 'a5e6', '22c3', 'ff', 'c0af', 'eda080', '00', '1f61'].map((hex) =>
  Uint8Array.from(Buffer.from(hex, 'hex')),
);

export interface MockVocabulary {
  readonly vocabulary: VocabularyTrie;
  readonly endIds: readonly number[];
  readonly bytesOf: (id: number) => Uint8Array;
}

const mock = (tokens: readonly Uint8Array[]): MockVocabulary => {
  // Special tokens before and after: the last two end an answer.
  const all = [new Uint8Array(), ...tokens, new Uint8Array(), new Uint8Array()];
  const bytesOf = (id: number): Uint8Array => all[id]!;
  return { vocabulary: vocabularyTrie(bytesOf, all.length), endIds: [all.length - 2, all.length - 1], bytesOf };
};
const encoded = pieces.map((piece) => encoder.encode(piece));

/** Every byte, pieces that cross the structure of JSON, and parts of characters; one of them twice. */
export const fullVocabulary = mock([...Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte)), ...encoded, ...broken, encoder.encode('abc')]);
/** Without single bytes beyond ASCII and without some letters. */
export const sparseVocabulary = mock([
  ...Array.from({ length: 128 }, (_, byte) => Uint8Array.of(byte)).filter(([byte]) => !'jQX'.includes(String.fromCharCode(byte!))),
  ...encoded,
  ...broken.filter(({ length }) => length > 1),
]);
/** Nothing but bytes. */
export const byteVocabulary = mock(Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte)));
