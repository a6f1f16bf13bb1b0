import { describe, expect, it } from 'vitest';
import type { AnnotatedDocument, TokenDocument } from '../../evaluate/index.ts';
import { openEngine } from '../../runtime/index.ts';
import { openPredictor } from './predict.ts';
import { tinyBindings, tinyConfig, tinyDocument, tinyOpened, tinyTokenizer } from './testing/tiny-reader.ts';
import { piecesOf } from './windows.ts';

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

describe('coreference', () => {
  /** Values with which two mentions link where they are the same words, and nowhere else. */
  const bySameWords = () => {
    const bindings = tinyBindings(2);
    const set = (name: string, numbers: Readonly<Record<number, number>>): void => {
      const bound = bindings.get(name);
      if (bound?.kind !== 'constant') throw new Error(`no parameter ${name}`);
      const data = new Float32Array(bound.value.data.length);
      for (const [at, value] of Object.entries(numbers)) data[Number(at)] = value;
      bindings.set(name, { kind: 'constant', value: { ...bound.value, data } });
    };
    for (const name of ['byAnaphor.weight', 'byAntecedent.weight', 'byProduct.weight', 'byDistance.weight', 'up.bias', 'inner.bias'])
      set(`coreference.${name}`, {});
    set('coreference.match.weight', { [3 * tinyConfig.features]: 1 }); // of the four ways to match: all words the same
    for (const name of ['byMatch', 'inner']) set(`coreference.${name}.weight`, { 0: 1 });
    set('coreference.out.weight', { 0: 1000 });
    set('coreference.out.bias', { 0: -500 });
    return bindings;
  };

  it('joins mentions that different windows of a document read into one cluster, each once', async () => {
    const config = { ...tinyConfig, antecedents: 250 };
    const document = tinyDocument(5, new Array<number>(18).fill(6));
    const { windows, words } = piecesOf(document.sentences, tinyTokenizer, config.window);
    expect(windows.length).toBeGreaterThan(2);
    expect(windows.slice(1).every(({ start }, i) => start < windows[i]!.end)).toBe(true); // they overlap
    const windowOf = (word: number): number => windows.findIndex(({ sentences }) => sentences.some(({ start, end }) => start <= word && word < end));

    await using engine = await openEngine({ threads: 1 });
    await using predictor = await openPredictor({ engine, encoder: tinyOpened, config, bindings: bySameWords() });
    const [{ clusters }] = (await predictor.predict([document])) as [AnnotatedDocument];
    const wordsOf = ({ start, end }: { start: number; end: number }) => words.slice(start, end + 1).join(' ');
    expect(clusters.map((cluster) => new Set(cluster.map(wordsOf)).size)).toEqual(clusters.map(() => 1));
    const said = clusters.map((cluster) => wordsOf(cluster[0]!));
    expect(new Set(said).size).toBe(said.length);
    const spans = clusters.flat().map(({ start, end }) => `${start}-${end}`);
    expect(new Set(spans).size).toBe(spans.length);
    const across = clusters.filter((cluster) => new Set(cluster.map(({ start }) => windowOf(start))).size > 1);
    expect(across.length).toBeGreaterThan(1);
  });
});
