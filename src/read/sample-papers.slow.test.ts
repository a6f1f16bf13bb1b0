// What the shipped reader finds in the sample papers: enough, and certain facts at their very places.
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Reading } from '../knowledge/index.ts';
import { type Engine, openEngine } from '../runtime/index.ts';
import { type LoadedDocument, loadFolder, openEncoder, openReader, splitDocument, tokensOf, toReading } from './index.ts';
import { piecesOf } from './model/windows.ts';

const papers = fileURLToPath(new URL('../../examples/papers', import.meta.url));
const readings = new Map<string, Reading>();
const documents = new Map<string, LoadedDocument>();
let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ process: true, threads: 2 });
  await using reader = await openReader(engine);
  for await (const loaded of loadFolder([papers])) if (loaded.type === 'document') documents.set(loaded.document.name, loaded.document);
  const all = [...documents.values()];
  const sentences = all.map(splitDocument);
  const found = await reader.predict(all.map((document, i) => ({ docKey: document.name, sentences: tokensOf(document, sentences[i]!) })));
  for (const [i, document] of all.entries()) readings.set(document.name, toReading(document, sentences[i]!, found[i]!, reader.version));
}, 600_000);
afterAll(() => engine[Symbol.asyncDispose]());

/** Where words stand, found by a stretch of the text around them. */
const placeOf = (text: string, around: string, words: string): string => {
  const [from, within] = [text.indexOf(around), around.indexOf(words)];
  if (from < 0 || within < 0) throw new Error(`the sample paper does not say “${around}” with “${words}” in it`);
  return `${from + within}–${from + within + words.length}`;
};
const spanOf = ({ start, end }: { readonly start: number; readonly end: number }): string => `${start}–${end}`;
const count = (list: (reading: Reading) => readonly unknown[]): number => [...readings.values()].reduce((sum, reading) => sum + list(reading).length, 0);

it('there is much in every paper, and more where there is more to read', () => {
  expect(readings.size).toBe(14);
  for (const [name, { mentions, relations }] of readings) expect([name, mentions.length >= 10, relations.length >= 5]).toEqual([name, true, true]);
  // 512, 280 and 71 when this was written.
  expect(count(({ mentions }) => mentions)).toBeGreaterThan(400);
  expect(count(({ relations }) => relations)).toBeGreaterThan(200);
  expect(count(({ clusters }) => clusters)).toBeGreaterThan(50);
});

it.each([
  ['abstracts.jsonl#image-captions', 'We propose a region memory network for image captioning.', 'region memory network', 'Method'],
  ['abstracts.jsonl#image-captions', 'A convolutional neural network (CNN) extracts', 'convolutional neural network (CNN)', 'Method'],
  ['abstracts.jsonl#question-tables', 'It is evaluated on the LedgerQA dataset.', 'LedgerQA dataset', 'Material'],
  ['abstracts.jsonl#opinion-mining', 'pivot features reduce the error rate', 'error rate', 'Metric'],
  ['abstracts.jsonl#sequence-tagging', 'support vector machines for sequence labeling.', 'sequence labeling', 'Task'],
  ['coreference-abstracts.html', 'On the AbstractLinks dataset', 'AbstractLinks dataset', 'Material'],
  ['coreference-abstracts.html', 'the B-cubed metric and the MUC metric', 'MUC metric', 'Metric'],
])('%s: “%s” names “%s”, a %s', (name, around, words, kind) => {
  const { text, mentions } = readings.get(name)!;
  expect(mentions.map((mention) => `${spanOf(mention)} ${mention.kind}`)).toContain(`${placeOf(text, around, words)} ${kind}`);
});

it.each([
  ['abstracts.jsonl#image-captions', 'a region memory network for image captioning.', 'region memory network', 'USED-FOR', 'image captioning'],
  ['abstracts.jsonl#question-tables', 'a sequence-to-sequence model that is trained with reinforcement learning', 'reinforcement learning', 'USED-FOR', 'sequence-to-sequence model'],
  ['abstracts.jsonl#question-tables', 'operations such as counting', 'counting', 'HYPONYM-OF', 'operations'],
  ['abstracts.jsonl#opinion-mining', 'We study domain adaptation for sentiment analysis', 'domain adaptation', 'USED-FOR', 'sentiment analysis'],
  ['abstracts.jsonl#sequence-tagging', 'CRFs outperform HMMs', 'CRFs', 'COMPARE', 'HMMs'],
  ['abstracts.jsonl#sequence-tagging', 'named entity recognition (NER) and noun phrase chunking', 'named entity recognition (NER)', 'CONJUNCTION', 'noun phrase chunking'],
  ['coreference-abstracts.html', 'a mention-pair classifier that is based on a support vector machine', 'support vector machine', 'USED-FOR', 'mention-pair classifier'],
  ['coreference-abstracts.html', 'a neural model for coreference resolution', 'neural model', 'USED-FOR', 'coreference resolution'],
])('%s: “%s” says that %s %s %s', (name, around, subject, label, object) => {
  const { text, mentions, relations } = readings.get(name)!;
  const said = relations.map((relation) => `${spanOf(mentions[relation.subject]!)} ${relation.label} ${spanOf(mentions[relation.object]!)}`);
  expect(said).toContain(`${placeOf(text, around, subject)} ${label} ${placeOf(text, around, object)}`);
}); // biome-ignore format: one line a fact

it('a name that a long paper says again and again is one cluster, across its windows', async () => {
  const name = 'span-lattice.pdf';
  const document = documents.get(name)!;
  const { text, mentions, clusters } = readings.get(name)!;
  const { tokenizer } = await openEncoder();
  const sentences = splitDocument(document);
  const { windows } = piecesOf(tokensOf(document, sentences), tokenizer, 384);
  expect(windows.length).toBeGreaterThan(1);
  const words = sentences.flatMap((sentence) => sentence.words);
  const windowOf = (at: number): number => {
    const word = words.findIndex(({ start, end }) => start <= at && at < end);
    return windows.findIndex((window) => window.sentences.some(({ start, end }) => start <= word && word < end));
  };
  const said = (i: number): string => text.slice(mentions[i]!.start, mentions[i]!.end).replace(/\s+/g, ' ');
  const corpus = clusters.filter((cluster) => cluster.some((i) => said(i) === 'FieldNotes corpus'));
  expect(corpus).toHaveLength(1);
  expect(corpus[0]!.filter((i) => said(i) === 'FieldNotes corpus').length).toBeGreaterThanOrEqual(3);
  expect(new Set(corpus[0]!.map((i) => windowOf(mentions[i]!.start))).size).toBeGreaterThan(1);
});
