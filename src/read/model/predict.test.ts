import { describe, expect, it } from 'vitest';
import type { AnnotatedDocument, TokenDocument } from '../../evaluate/index.ts';
import { openEngine } from '../../runtime/index.ts';
import { openPredictor } from './predict.ts';
import { tinyBindings, tinyConfig, tinyDocument, tinyOpened } from './testing/tiny-reader.ts';

const read = async (documents: readonly TokenDocument[], seed = 2): Promise<AnnotatedDocument[]> => {
  await using engine = await openEngine({ threads: 1 });
  await using predictor = await openPredictor({ engine, encoder: tinyOpened, config: tinyConfig, bindings: tinyBindings(seed) });
  return await predictor.predict(documents);
};

const documents = [
  tinyDocument(1, [6, 4, 9]),
  tinyDocument(2, [3]),
  tinyDocument(3, [7, 7]),
  tinyDocument(4, [1]),
  tinyDocument(5, [30, 30, 30, 20]),
  tinyDocument(6, [6, 5, 8]),
];

describe('reading documents', () => {
  it('gives for each document, bit for bit, what reading it alone gives, in any order', async () => {
    const together = await read(documents);
    expect(together.map(({ docKey }) => docKey)).toEqual(documents.map(({ docKey }) => docKey));
    expect(together.flatMap(({ entities }) => entities).length).toBeGreaterThan(5);
    expect(together.flatMap(({ relations }) => relations).length).toBeGreaterThan(5);
    expect(together.flatMap(({ clusters }) => clusters).length).toBeGreaterThan(0);
    for (const [i, document] of documents.entries()) expect(await read([document])).toEqual([together[i]]);
    expect((await read([...documents].reverse())).reverse()).toEqual(together);
  });

  it('does not look at gold fields', async () => {
    const bare = documents.map(({ docKey, sentences }) => ({ docKey, sentences }));
    expect(await read(bare)).toEqual(await read(documents));
  });

  it('finds spans inside sentences, no two entities overlapping, relations inside a sentence', async () => {
    for (const { sentences, entities, relations, clusters } of await read(documents)) {
      const sentenceOf = sentences.flatMap((words, i) => words.map(() => i));
      const spans = [...entities, ...relations.flatMap(({ subject, object }) => [subject, object]), ...clusters.flat()];
      for (const { start, end } of spans) {
        expect(sentenceOf[start]).toBe(sentenceOf[end]);
        expect(end - start).toBeLessThan(tinyConfig.widths);
      }
      for (const { subject, object } of relations) expect(sentenceOf[subject.start]).toBe(sentenceOf[object.start]);
      expect(entities.every((a, i) => entities.slice(i + 1).every((b) => a.end < b.start))).toBe(true);
    }
  });

  it('reads a document without words, and one that is all empty sentences', async () => {
    const empty = { docKey: 'empty', sentences: [] };
    const blank = { docKey: 'blank', sentences: [[], []] };
    const [first, second, third] = await read([empty, documents[0]!, blank]);
    expect(first).toEqual({ ...empty, entities: [], relations: [], clusters: [] });
    expect(third).toEqual({ ...blank, entities: [], relations: [], clusters: [] });
    expect([second]).toEqual(await read([documents[0]!]));
  });
});
