// The DyGIE JSON Lines format: one document a line, token offsets counted over the document, both ends inclusive.
import { z } from 'zod';
import type { AnnotatedDocument, Span, TokenDocument } from './annotations.ts';
import { FormatError } from './errors.ts';
import { expectOnce, type Line, parseJsonLines } from './json-lines.ts';

const offset = z.int().nonnegative();
const score = z.number();
const tokens = { doc_key: z.string().min(1), sentences: z.array(z.array(z.string())) };
const span = z.tuple([offset, offset]);
const goldEntity = z.tuple([offset, offset, z.string()]);
const goldRelation = z.tuple([offset, offset, offset, offset, z.string()]);
// DyGIE++ writes a raw score before the probability; the last number is the score either way.
const entity = z.union([z.tuple([offset, offset, z.string(), score]), z.tuple([offset, offset, z.string(), score, score])]);
const relation = z.union([z.tuple([offset, offset, offset, offset, z.string(), score]), z.tuple([offset, offset, offset, offset, z.string(), score, score])]);
const mention = z.union([span, z.tuple([offset, offset, score])]);
const besides = { dataset: z.string().optional(), weight: z.number().optional(), events: z.unknown().optional(), predicted_events: z.unknown().optional() };

const tokenLine = z.looseObject(tokens);
const goldLine = z.strictObject({
  ...tokens,
  ...besides,
  ner: z.array(z.array(goldEntity)),
  relations: z.array(z.array(goldRelation)),
  clusters: z.array(z.array(span)),
});
const predictionLine = z.strictObject({
  ...tokens,
  ...besides,
  ner: z.unknown().optional(),
  relations: z.unknown().optional(),
  clusters: z.unknown().optional(),
  predicted_ner: z.array(z.array(entity)),
  predicted_relations: z.array(z.array(relation)),
  predicted_clusters: z.array(z.array(mention)),
});

const parseLines = <T extends { doc_key: string }>(text: string, name: string, schema: z.ZodType<T>, hint: string): Line<T>[] => {
  const lines = parseJsonLines(text, name, schema, hint);
  expectOnce(lines, 'doc_key', ({ doc_key }) => doc_key);
  return lines;
};

interface Raw {
  readonly doc_key: string;
  readonly sentences: string[][];
  readonly ner: { entity: Span & { label: string; score?: number } }[][];
  readonly relations: { subject: Span; object: Span; label: string; score?: number }[][];
  readonly clusters: Span[][];
}

// Offsets that leave their sentence would be counted as plain misses; they are a wrong file.
const check = (where: string, raw: Raw, names: { ner: string; relations: string; clusters: string }): AnnotatedDocument => {
  const ends: number[] = [];
  for (const sentence of raw.sentences) ends.push((ends.at(-1) ?? 0) + sentence.length);
  const total = ends.at(-1) ?? 0;
  const inside = (field: string, { start, end }: Span, from: number, to: number) => {
    if (start > end || start < from || end >= to)
      throw new FormatError(
        `${where}: ${field}: expected ${from} ≤ start ≤ end < ${to}, got [${start}, ${end}]; offsets are token positions in the document, the end inclusive`,
      );
  };
  const perSentence = (field: string, lists: readonly unknown[]) => {
    if (lists.length !== raw.sentences.length)
      throw new FormatError(
        `${where}: ${field}: expected one list for each of ${raw.sentences.length} sentences, got ${lists.length}; write [] for a sentence without any`,
      );
  };
  perSentence(names.ner, raw.ner);
  perSentence(names.relations, raw.relations);
  for (const [i, end] of ends.entries()) {
    const start = ends[i - 1] ?? 0;
    for (const [k, { entity: found }] of raw.ner[i]!.entries()) inside(`${names.ner}[${i}][${k}]`, found, start, end);
    for (const [k, found] of raw.relations[i]!.entries()) {
      inside(`${names.relations}[${i}][${k}] subject`, found.subject, start, end);
      inside(`${names.relations}[${i}][${k}] object`, found.object, start, end);
    }
  }
  for (const [i, cluster] of raw.clusters.entries()) for (const [k, found] of cluster.entries()) inside(`${names.clusters}[${i}][${k}]`, found, 0, total);
  return {
    docKey: raw.doc_key,
    sentences: raw.sentences,
    entities: raw.ner.flat().map((found) => found.entity),
    relations: raw.relations.flat(),
    clusters: raw.clusters,
  };
};

/** Documents as tokens, whatever else the lines hold: gold fields are not even looked at. */
export const parseTokens = (text: string, name: string): TokenDocument[] =>
  parseLines(text, name, tokenLine, 'each line needs doc_key and sentences (lists of tokens)').map(({ value }) => ({
    docKey: value.doc_key,
    sentences: value.sentences,
  }));

/**
 * Documents with gold `ner`, `relations` and `clusters`.
 *
 * @param name what messages call the file
 * @throws FormatError with line, field, what was expected and found
 */
export const parseGold = (text: string, name: string): AnnotatedDocument[] =>
  parseLines(text, name, goldLine, 'gold lines hold doc_key, sentences, ner, relations and clusters').map(({ where, value }) =>
    check(
      where,
      {
        ...value,
        ner: value.ner.map((list) => list.map(([start, end, label]) => ({ entity: { start, end, label } }))),
        relations: value.relations.map((list) =>
          list.map(([s, e, s2, e2, label]) => ({ subject: { start: s, end: e }, object: { start: s2, end: e2 }, label })),
        ),
        clusters: value.clusters.map((list) => list.map(([start, end]) => ({ start, end }))),
      },
      { ner: 'ner', relations: 'relations', clusters: 'clusters' },
    ),
  );

/**
 * Documents with `predicted_ner`, `predicted_relations` and `predicted_clusters`, the score last in each tuple.
 *
 * @param name what messages call the file
 * @throws FormatError with line, field, what was expected and found
 */
export const parsePredictions = (text: string, name: string): AnnotatedDocument[] =>
  parseLines(text, name, predictionLine, 'prediction lines hold doc_key, sentences, predicted_ner, predicted_relations and predicted_clusters').map(
    ({ where, value }) =>
      check(
        where,
        {
          ...value,
          ner: value.predicted_ner.map((list) => list.map(([start, end, label, ...scores]) => ({ entity: { start, end, label, score: scores.at(-1)! } }))),
          relations: value.predicted_relations.map((list) =>
            list.map(([s, e, s2, e2, label, ...scores]) => ({ subject: { start: s, end: e }, object: { start: s2, end: e2 }, label, score: scores.at(-1)! })),
          ),
          clusters: value.predicted_clusters.map((list) => list.map(([start, end]) => ({ start, end }))),
        },
        { ner: 'predicted_ner', relations: 'predicted_relations', clusters: 'predicted_clusters' },
      ),
  );
