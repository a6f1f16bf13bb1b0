import type { AnnotatedDocument, TokenDocument } from '../evaluate/index.ts';
import { openReaderApart } from '../read/index.ts';
import { choice, type ReaderOptions } from './read.ts';

export interface PredictOptions extends ReaderOptions {
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** One line of a prediction file: document-level inclusive token offsets, the score last in each tuple. */
export interface PredictionLine {
  readonly doc_key: string;
  readonly sentences: readonly (readonly string[])[];
  readonly predicted_ner: readonly (readonly [start: number, end: number, label: string, score: number][])[];
  readonly predicted_relations: readonly (readonly [number, number, number, number, label: string, score: number][])[];
  readonly predicted_clusters: readonly (readonly [start: number, end: number][])[];
}

const documentsAtOnce = 64;

/** Reads documents that come as tokens; gold annotations are not looked at. */
export async function predictDocuments(documents: readonly TokenDocument[], { onProgress, signal, ...reading }: PredictOptions): Promise<PredictionLine[]> {
  await using reader = await openReaderApart({ ...choice(reading), signal });
  const lines: PredictionLine[] = [];
  for (let from = 0; from < documents.length; from += documentsAtOnce) {
    const part = documents.slice(from, from + documentsAtOnce).map(({ docKey, sentences }) => ({ docKey, sentences }));
    for (const found of await reader.predict(part, signal === undefined ? {} : { signal })) lines.push(predictionLine(found));
    signal?.throwIfAborted();
    onProgress?.(lines.length, documents.length);
  }
  return lines;
}

const rounded = (score: number | undefined) => Number((score ?? 1).toFixed(4));

function predictionLine({ docKey, sentences, entities, relations, clusters }: AnnotatedDocument): PredictionLine {
  const ends: number[] = [];
  for (const sentence of sentences) ends.push((ends.at(-1) ?? 0) + sentence.length);
  const perSentence = <T, R>(items: readonly T[], at: (item: T) => number, tuple: (item: T) => R): R[][] => {
    const rows = sentences.map((): R[] => []);
    for (const item of items) (rows[ends.findIndex((end) => at(item) < end)] as R[]).push(tuple(item));
    return rows;
  };
  return {
    doc_key: docKey,
    sentences,
    predicted_ner: perSentence(
      entities,
      ({ start }) => start,
      ({ start, end, label, score }) => [start, end, label, rounded(score)] as const,
    ) as PredictionLine['predicted_ner'],
    predicted_relations: perSentence(
      relations,
      ({ subject }) => subject.start,
      ({ subject, object, label, score }) => [subject.start, subject.end, object.start, object.end, label, rounded(score)] as const,
    ) as PredictionLine['predicted_relations'],
    predicted_clusters: clusters.map((cluster) => cluster.map(({ start, end }) => [start, end] as [number, number])),
  };
}
