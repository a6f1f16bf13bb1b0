import { createHash } from 'node:crypto';
import fc from 'fast-check';
import type { Mention, Reading, RelationMention, Span } from '../reading.ts';

/** One sentence as a list of words and [name, kind] mentions, in order. */
export type Piece = string | readonly [name: string, kind: string];

/** A reading from sentences given piece by piece; relations and clusters name mentions by their order in the document. */
export function makeReading(
  sentences: readonly (readonly Piece[])[],
  relations: readonly (readonly [subject: number, label: string, object: number, score?: number])[] = [],
  clusters: readonly (readonly number[])[] = [],
  more: Partial<Reading> = {},
): Reading {
  let text = '';
  const mentions: Mention[] = [];
  const spans: Span[] = [];
  const sentenceOf: number[] = [];
  for (const pieces of sentences) {
    const start = text.length;
    for (const piece of pieces) {
      const word = typeof piece === 'string' ? piece : piece[0];
      if (text.length > start) text += ' ';
      if (typeof piece !== 'string') {
        mentions.push({ start: text.length, end: text.length + word.length, kind: piece[1], score: 0.9 });
        sentenceOf.push(spans.length);
      }
      text += word;
    }
    spans.push({ start, end: text.length });
    text += '\n';
  }
  const found: RelationMention[] = relations.map(([subject, label, object, score = 0.8]) => ({
    subject,
    object,
    label,
    score,
    sentence: sentenceOf[subject]!,
  }));
  const id = createHash('sha256').update(text).digest('hex');
  return { id, names: [`${id.slice(0, 8)}.txt`], loader: 'text/1', reader: 'hand/1', text, sentences: spans, mentions, relations: found, clusters, ...more };
}

/** All of a stream's text. */
export async function collect(chunks: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const chunk of chunks) text += chunk;
  return text;
}

const STEMS = [
  'neural network',
  'conditional random field',
  'machine translation',
  'statistical machine translation',
  'parser',
  'data set',
  'dataset',
  'WordNet',
  'Wordnet',
  'hidden Markov model',
];
const NAMES = [
  ...STEMS,
  ...STEMS.map((stem) => `${stem}s`),
  ...STEMS.map((stem) => `${stem} model`),
  'CRF',
  'CRFs',
  'HMM',
  'MT',
  'a deep neural network',
  'The neural network',
  'it',
  '<b>"x"</b>',
];
const KINDS = ['Method', 'Task', 'OtherScientificTerm', 'Generic'];
const LABELS = ['USED-FOR', 'PART-OF', 'CONJUNCTION', 'COMPARE'];
const DEFINED: readonly Piece[][] = [
  ['the', ['conditional random field', 'Method'], '(CRF)'],
  ['the', ['conditional random fields', 'Method'], '(CRFs)'],
  ['a', ['cross reference frame', 'Method'], '(CRF)'],
  [['hidden Markov models', 'Method'], '(HMMs)'],
  [['machine translation', 'Task'], '(MT)'],
];

/** Readings whose names meet in every rule: plurals, acronyms with rival definitions, head nouns, spellings, coreference, names inside names. */
export const anyReading: fc.Arbitrary<Reading> = fc
  .record({
    defined: fc.option(fc.constantFrom(...DEFINED), { nil: undefined }),
    mentions: fc.array(fc.tuple(fc.constantFrom(...NAMES), fc.constantFrom(...KINDS)), { minLength: 1, maxLength: 6 }),
    relations: fc.array(fc.tuple(fc.nat(), fc.constantFrom(...LABELS), fc.nat(), fc.integer({ min: 0, max: 10_000 })), { maxLength: 6 }),
    clusters: fc.array(fc.array(fc.nat(), { minLength: 2, maxLength: 3 }), { maxLength: 2 }),
    year: fc.option(fc.integer({ min: 1990, max: 2020 }), { nil: undefined }),
  })
  .map(({ defined, mentions, relations, clusters, year }) => {
    const sentences = [...(defined ? [defined] : []), mentions];
    const all = (defined ? 1 : 0) + mentions.length;
    return makeReading(
      sentences,
      relations.map(([s, label, o, score]) => [s % all, label, o % all, score / 10_000]),
      clusters.map((cluster) => cluster.map((index) => index % all)),
      year === undefined ? {} : { year },
    );
  });

/** Several readings of different documents. */
export function anyReadings(maxLength: number): fc.Arbitrary<Reading[]> {
  return fc.uniqueArray(anyReading, { minLength: 1, maxLength, selector: (reading) => reading.id });
}

/** The document with this number: always the same, sharing names with its neighbours so that adding it moves plurals, acronyms and facts about. */
export function numberedReading(number: number): Reading {
  const name = (n: number): string => NAMES[n % NAMES.length]!;
  return makeReading(
    [
      DEFINED[number % DEFINED.length]!,
      [
        'Paper',
        `${number}`,
        [name(number), 'Method'],
        'for',
        [name(3 * number + 1), 'Task'],
        'and',
        ['it', 'Generic'],
        'with',
        [`${name(number + 5)} ${number}`, 'Method'],
      ],
    ],
    [
      [1, 'USED-FOR', 2, 0.7],
      [3, 'COMPARE', 4, 0.6],
      [4, 'USED-FOR', 2, 0.5],
    ],
    [[1, 3]],
    { names: [`${number}.txt`], year: 2000 + (number % 10) },
  );
}
