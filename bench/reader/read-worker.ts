// Our side of `bench read` as a process; the peer answers the same requests in bench/peers/reader_peer.py.
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readingPipeline } from '../../src/app/reading-pipeline.ts';
import { type AnnotatedDocument, evaluateScierc, parseGold } from '../../src/evaluate/index.ts';
import { readAsFloat32, writeSafetensors } from '../../src/formats/index.ts';
import { openStore } from '../../src/knowledge/index.ts';
import { bertWeightNames, locateWeights } from '../../src/models/index.ts';
import { type LoadedDocument, openReaderApart, type Reader, type ReaderWeights, splitDocument, tokensOf } from '../../src/read/index.ts';
import { encoderFolder, openEncoder, wordTable } from '../../src/read/model/encoder.ts';
import { cellsOf, rowLength } from '../../src/read/model/grid.ts';
import { predictionParameters } from '../../src/read/model/network/prediction-graph.ts';
import { describeFolder, readReaderValues } from '../../src/read/model/reader-folder.ts';
import { piecesOf } from '../../src/read/model/windows.ts';
import { memory, serve } from './serve.ts';
import { sizesOf } from './sizes.ts';

let reader: Reader | undefined;
const opened = (): Reader => {
  if (!reader) throw new Error('expected the request open first');
  return reader;
};

/** A text as the loaders give it: one paragraph. */
const loaded = (text: string, i: number): LoadedDocument => ({
  name: `${i}.txt`,
  names: [`${i}.txt`],
  bytesSha256: createHash('sha256').update(text).digest('hex'),
  loader: 'text/bench',
  mediaType: 'text/plain',
  sizeBytes: Buffer.byteLength(text),
  text,
  blocks: [{ start: 0, end: text.length, kind: 'paragraph' }],
  metadata: {},
  warnings: [],
});

const plain = ({ entities, relations, clusters }: AnnotatedDocument) => ({
  entities: entities.map(({ start, end, label, score }) => [start, end, label, score]),
  relations: relations.map(({ subject, object, label, score }) => [subject.start, subject.end, object.start, object.end, label, score]),
  clusters: clusters.map((cluster) => cluster.map(({ start, end }) => [start, end])),
});

await serve({
  async open({ threads, weights, name }: { threads: number; weights: ReaderWeights; name?: string }) {
    reader = await openReaderApart({ threads, weights, ...(name && { reader: name }) });
    const [{ config, folder }, encoder] = [await describeFolder(name), await openEncoder()];
    return { version: reader.version, folder, tokenizer: `${encoderFolder()}/tokenizer.json`, sizes: sizesOf(encoder.config, config) };
  },

  /** Writes every parameter of a reader, float32, under our names. */
  async export({ file, name }: { file: string; name?: string }) {
    const [description, encoder] = [await describeFolder(name), await openEncoder()];
    const table = predictionParameters(encoder.config, description.config).find((node) => node.attrs.name === wordTable)!;
    const theirs = locateWeights(encoder.weights, bertWeightNames(encoder.config), [table]).get(wordTable)!;
    await writeSafetensors(file, { ...(await readReaderValues(description, encoder)), [wordTable]: await readAsFloat32(encoder.weights, theirs) });
  },

  /** Predictions for documents that come as words, and how good they are. */
  async predict({ lines }: { lines: string }) {
    const gold = parseGold(lines, 'bench');
    const found = await opened().predict(gold);
    const { metrics } = evaluateScierc(gold, found);
    return { predictions: found.map(plain), f1: [metrics['entity-f1'], metrics['relation-f1'], metrics['coreference-f1']] };
  },

  /** One prediction of documents that come as words, and the operations that its encoder and span scorer take by the textbook: no padding, 2 a multiplication. */
  async forward({ lines }: { lines: string }) {
    const [gold, encoder, { config }] = [parseGold(lines, 'bench'), await openEncoder(), await describeFolder(undefined)];
    const start = performance.now();
    await opened().predict(gold);
    const seconds = (performance.now() - start) / 1000;
    const { hidden, ffn, layers } = encoder.config;
    let operations = 0;
    let tokens = 0;
    for (const { sentences } of gold) {
      const pieces = piecesOf(sentences, encoder.tokenizer, config.window);
      for (const window of pieces.windows) {
        const seq = rowLength({ pieces, window });
        const spans = window.sentences.reduce((sum, s) => sum + cellsOf(s, config.widths).length, 0);
        const words = window.end - window.start;
        const wide = 3 * config.ffn;
        tokens += seq;
        operations +=
          2 * layers * seq * (4 * hidden * hidden + 2 * hidden * ffn + 2 * seq * hidden) +
          2 * words * 3 * hidden * wide +
          2 * spans * (wide * config.ffn + config.ffn * 8);
      }
    }
    return { seconds, operations, tokens, hidden, ffn, layers };
  },

  /** The words of texts as our splitter finds them. */
  split: ({ texts }: { texts: readonly string[] }) => ({
    documents: texts.map((text, i) => ({ sentences: tokensOf({ text }, splitDocument(loaded(text, i))) })),
  }),

  /** Text in, facts in a store on disk out. */
  async read({ texts }: { texts: readonly string[] }) {
    const folder = await mkdtemp(join(tmpdir(), 'lyceum-bench-'));
    try {
      await using store = await openStore(join(folder, 'knowledge.sqlite'));
      const start = performance.now();
      const pipeline = readingPipeline({ start: async () => opened(), store });
      for (const [i, text] of texts.entries()) await pipeline.add(loaded(text, i));
      await pipeline.finish();
      const seconds = (performance.now() - start) / 1000;
      return { seconds, facts: (await store.counts()).facts };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },

  memory,
});
await reader?.[Symbol.asyncDispose]();
