import type { AnnotatedDocument, Entity, Relation, Span, TokenDocument } from '../../evaluate/index.ts';
import type { TensorData } from '../../runtime/index.ts';
import type { Calls } from './calls.ts';
import { decodeEntities, decodeRelations } from './decode.ts';
import type { Encoder } from './encoder.ts';
import { gapFeeds } from './gap-feeds.ts';
import { beamSize, cellsOf, type Grid, gridOf, int64, type Row, rowLength, spanOf, tilesOf } from './grid.ts';
import { entityTypes, relationTypes } from './labels.ts';
import { linkMentions, type Mention, type MentionState } from './link-mentions.ts';
import { tileSize } from './network/tiles.ts';
import { pruneCrossing, topIndices } from './prune.ts';
import type { ReaderConfig } from './reader-config.ts';
import { type Pieces, piecesOf } from './windows.ts';

interface PlacedRow extends Row {
  readonly document: number;
}

/** Rows that went through one call, with the scores of their spans. */
interface Chunk {
  readonly rows: readonly PlacedRow[];
  readonly grid: Grid;
  /** Per sentence of the grid: its cells. */
  readonly cells: readonly (readonly number[])[];
  readonly entity: Float32Array;
  readonly relationMention: Float32Array;
  readonly relationBeam: Float32Array;
  readonly coreferenceMention: Float32Array;
}

const seqStep = 16; // rows are padded to a multiple of it, and rows of one call have one length: padding never depends on a neighbour
const callTokens = 4096;
const types = entityTypes.length;
/** Outputs of the first call that the second reads: they stay with the engine, under these names. */
const keptOf = (chunk: number): Record<string, string> => Object.fromEntries(['hidden', 'sums', 'weights'].map((name) => [name, `reader/${name}/${chunk}`]));

/** Reads some documents together: spans of all windows, pruning, pairs, then coreference over each whole document. */
export const readGroup = async (documents: readonly TokenDocument[], calls: Calls, encoder: Encoder, config: ReaderConfig): Promise<AnnotatedDocument[]> => {
  const pieces = documents.map(({ sentences }) => piecesOf(sentences, encoder.tokenizer, config.window));
  const rows = pieces.flatMap((piece, document) => piece.windows.map((window): PlacedRow => ({ pieces: piece, window, document })));
  const chunks: Chunk[] = [];
  for (const { together, seq } of callsOf(rows)) {
    const grid = gridOf(together, config.widths, encoder.special, { seq });
    const results = await calls.spans(grid.feeds, { keep: keptOf(chunks.length) });
    const data = (name: string) => results[name]!.data as Float32Array;
    chunks.push({
      rows: together,
      grid,
      cells: grid.sentences.map((sentence) => cellsOf(sentence, config.widths)),
      entity: data('entity'),
      relationMention: data('relationMention'),
      relationBeam: data('relationBeam'),
      coreferenceMention: data('coreferenceMention'),
    });
  }
  const mentions = keepMentions(pieces, chunks, config);
  const states = new Map<Mention, MentionState>();
  const entities: Entity[][] = documents.map(() => []);
  const relations: Relation[][] = documents.map(() => []);
  for (const [at, chunk] of chunks.entries()) {
    const own = mentions.flat().filter((mention) => mention.chunk === at);
    const beams = chunk.grid.sentences.map((_, sentence) => relationBeam(sentence, chunk, config));
    const { results, place } = await scorePairs(calls, at, chunk, beams, own, config);
    await calls.drop(Object.values(keptOf(at)));
    const scores = results['relations']!.data as Float32Array;
    for (const [i, sentence] of chunk.grid.sentences.entries()) {
      const { document } = chunk.rows[sentence.row]!;
      const beam = beams[i]!;
      const candidates = chunk.cells[i]!.filter((cell) => beatsNull(chunk.entity, cell, types));
      const inDocument = (cell: number) => documentSpan(cell, sentence.row, chunk.grid);
      entities[document]!.push(...decodeEntities(candidates.map(inDocument), (k) => scoresAt(chunk.entity, candidates[k]!, types)));
      relations[document]!.push(
        ...decodeRelations(beam.map(inDocument), (subject, object) => {
          const pair = place(i, subject, object);
          return beatsNull(scores, pair, relationTypes.length) ? scoresAt(scores, pair, relationTypes.length) : [];
        }),
      );
    }
    keepStates(states, own, results, config);
  }
  const clusters = await linkMentions(mentions, states, pieces, calls.links, config);
  return documents.map(({ docKey, sentences }, i) => ({
    docKey,
    sentences,
    entities: entities[i]!.sort((a, b) => a.start - b.start),
    relations: relations[i]!.sort(
      (a, b) => a.subject.start - b.subject.start || a.subject.end - b.subject.end || a.object.start - b.object.start || a.object.end - b.object.end,
    ),
    clusters: clusters[i]!,
  }));
};

/** Scores of a candidate's labels. */
const scoresAt = (scores: Float32Array, candidate: number, labels: number): Float32Array => scores.subarray(candidate * labels, (candidate + 1) * labels);

/** Whether any label of a candidate scores above null: few do, and only they are worth an object. */
const beatsNull = (scores: Float32Array, candidate: number, labels: number): boolean => {
  for (let at = candidate * labels; at < (candidate + 1) * labels; at++) if (scores[at]! > 0) return true;
  return false;
};

/** Rows of one padded length, in calls of at most `callTokens`. */
const callsOf = (rows: readonly PlacedRow[]): { together: PlacedRow[]; seq: number }[] => {
  const byLength = new Map<number, PlacedRow[]>();
  for (const row of rows) {
    const seq = Math.ceil(rowLength(row) / seqStep) * seqStep;
    const list = byLength.get(seq);
    if (list) list.push(row);
    else byLength.set(seq, [row]);
  }
  return [...byLength]
    .sort(([a], [b]) => a - b)
    .flatMap(([seq, list]) => {
      const most = Math.max(1, Math.floor(callTokens / seq));
      return Array.from({ length: Math.ceil(list.length / most) }, (_, i) => ({ together: list.slice(i * most, (i + 1) * most), seq }));
    });
};

/** A cell of the grid as a span of its document. */
const documentSpan = (cell: number, row: number, { widths, rows }: Grid): Span => {
  const { first, last } = spanOf(cell, widths);
  const shift = rows[row]!.start - rows[row]!.offset;
  return { start: first + shift, end: last + shift };
};

/** Cells of a sentence's beam, best first. */
const relationBeam = (sentence: number, { grid, cells, relationBeam: scores }: Chunk, { relationRatio }: ReaderConfig): number[] => {
  const own = cells[sentence]!;
  const { start, end } = grid.sentences[sentence]!;
  return topIndices(picked(scores, own), beamSize(relationRatio, end - start, own.length)).map((i) => own[i]!);
};

const picked = (scores: Float32Array, cells: readonly number[]): Float32Array => {
  const out = new Float32Array(cells.length);
  for (let i = 0; i < cells.length; i++) out[i] = scores[cells[i]!]!;
  return out;
};

/** Mentions of every document, sorted by position: the best of all its windows, none crossing another. */
const keepMentions = (pieces: readonly Pieces[], chunks: readonly Chunk[], config: ReaderConfig): Mention[][] => {
  const parts: { chunk: number; sentence: number; start: number }[][] = pieces.map(() => []);
  for (const [chunk, { rows, grid }] of chunks.entries())
    for (const [sentence, { row, start }] of grid.sentences.entries())
      parts[rows[row]!.document]!.push({ chunk, sentence, start: start + grid.rows[row]!.start - grid.rows[row]!.offset });
  return parts.map((list, document) => {
    list.sort((a, b) => a.start - b.start); // ties of the scores go to the earlier span, whatever the chunks were
    const total = list.reduce((sum, { chunk, sentence }) => sum + chunks[chunk]!.cells[sentence]!.length, 0);
    const [partOf, cellOf, scores] = [new Int32Array(total), new Int32Array(total), new Float32Array(total)];
    let at = 0;
    for (const [part, { chunk, sentence }] of list.entries())
      for (const cell of chunks[chunk]!.cells[sentence]!) {
        partOf[at] = part;
        cellOf[at] = cell;
        scores[at++] = chunks[chunk]!.coreferenceMention[cell]!;
      }
    const mentionAt = (i: number): Mention => {
      const { chunk, sentence } = list[partOf[i]!]!;
      const { grid } = chunks[chunk]!;
      return { ...documentSpan(cellOf[i]!, grid.sentences[sentence]!.row, grid), chunk, cell: cellOf[i]!, score: scores[i]! };
    };
    return pruneCrossing(mentionAt, scores, beamSize(config.coreferenceRatio, pieces[document]!.words.length, total)).map(mentionAt);
  });
};

// Lists have at least two entries: a product of a single row takes another kernel and differs in the last bits.
const listFeed = (values: readonly number[]): TensorData => {
  const padded = values.length >= 2 ? values : [...values, 0, 0].slice(0, 2);
  return int64([padded.length], padded);
};

const scorePairs = async (
  calls: Calls,
  at: number,
  { grid, entity, relationMention }: Chunk,
  beams: readonly (readonly number[])[],
  mentions: readonly Mention[],
  config: ReaderConfig,
) => {
  const tiles = tilesOf(
    beams.map((beam) => beam.length),
    (subject, object) => subject !== object,
  );
  const { wordFirst, wordLast } = grid.feeds;
  const cells = grid.words * config.widths;
  // Most mentions are in a beam too. Beams come first, so that the slots of the tiles are their places.
  const spans = beams.flat();
  const placeOf = new Map(spans.map((cell, place) => [cell, place]));
  const mentionSpans = mentions.map(({ cell }) => {
    const known = placeOf.get(cell) ?? spans.push(cell) - 1;
    placeOf.set(cell, known);
    return known;
  });
  const results = await calls.pairs(
    {
      wordFirst,
      wordLast,
      entity: { dtype: 'float32', shape: [cells, types], data: entity },
      relationMention: { dtype: 'float32', shape: [cells], data: relationMention },
      spanCells: listFeed(spans),
      mentionSpans: listFeed(mentionSpans),
      relationSubjects: int64([tiles.count, tileSize], tiles.rows),
      relationObjects: int64([tiles.count, tileSize], tiles.columns),
      ...gapFeeds(grid, beams, tiles),
    },
    { resident: keptOf(at) },
  );
  return { results, place: tiles.place };
};

const keepStates = (
  states: Map<Mention, MentionState>,
  mentions: readonly Mention[],
  results: Readonly<Record<string, TensorData>>,
  { projection }: ReaderConfig,
): void => {
  const [vectors, beliefs] = [results['mentions']!.data as Float32Array, results['beliefs']!.data as Float32Array];
  for (const [i, mention] of mentions.entries())
    states.set(mention, { vector: vectors.subarray(i * projection, (i + 1) * projection), beliefs: beliefs.subarray(i * (types + 1), (i + 1) * (types + 1)) });
};
