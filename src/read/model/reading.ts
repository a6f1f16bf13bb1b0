import type { AnnotatedDocument, Entity, Relation, Span, TokenDocument } from '../../evaluate/index.ts';
import type { TensorData } from '../../runtime/index.ts';
import { decodeClusters, decodeEntities, decodeRelations } from './decode.ts';
import type { Encoder } from './encoder.ts';
import { beamSize, cellsOf, type Grid, type GridSentence, gridOf, int64, type Row, rowLength, spanOf, tilesOf } from './grid.ts';
import { entityTypes, relationTypes } from './labels.ts';
import { tileSize } from './network/tiles.ts';
import { pruneCrossing, topIndices } from './prune.ts';
import type { ReaderConfig } from './reader-config.ts';
import { mentionTiles } from './training-batch.ts';
import { type Pieces, piecesOf } from './windows.ts';

type Feeds = Readonly<Record<string, TensorData>>;
/** A program with its weights. */
export type Call = (feeds: Feeds, options?: { resident?: Record<string, string>; keep?: Record<string, string> }) => Promise<Record<string, TensorData>>;

export interface Calls {
  readonly spans: Call;
  readonly pairs: Call;
  readonly links: Call;
  readonly drop: (names: string[]) => Promise<void>;
}

interface PlacedRow extends Row {
  readonly document: number;
}

/** Rows that went through one call, with the scores of their spans. */
interface Chunk {
  readonly rows: readonly PlacedRow[];
  readonly grid: Grid;
  readonly entity: Float32Array;
  readonly relationMention: Float32Array;
  readonly relationBeam: Float32Array;
  readonly coreferenceMention: Float32Array;
}

/** A kept mention: where it stands in its document, and in which cell of which chunk. */
interface Mention extends Span {
  readonly chunk: number;
  readonly cell: number;
  readonly score: number;
}

interface MentionState {
  readonly vector: Float32Array;
  readonly beliefs: Float32Array;
}

const seqStep = 16; // rows are padded to a multiple of it, and rows of one call have one length: padding never depends on a neighbour
const callTokens = 4096;
const types = entityTypes.length;
const hiddenOf = (chunk: number): string => `reader/hidden/${chunk}`;

/** Reads some documents together: spans of all windows, pruning, pairs, then coreference over each whole document. */
export const readGroup = async (documents: readonly TokenDocument[], calls: Calls, encoder: Encoder, config: ReaderConfig): Promise<AnnotatedDocument[]> => {
  const pieces = documents.map(({ sentences }) => piecesOf(sentences, encoder.tokenizer, config.window));
  const rows = pieces.flatMap((piece, document) => piece.windows.map((window): PlacedRow => ({ pieces: piece, window, document })));
  const chunks: Chunk[] = [];
  for (const { together, seq } of callsOf(rows)) {
    const grid = gridOf(together, config.widths, encoder.special, { seq });
    const results = await calls.spans(grid.feeds, { keep: { hidden: hiddenOf(chunks.length) } });
    const data = (name: string) => results[name]!.data as Float32Array;
    chunks.push({
      rows: together,
      grid,
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
    const beams = chunk.grid.sentences.map((sentence) => relationBeam(sentence, chunk, config));
    const { results, place } = await scorePairs(calls, at, chunk, beams, own, config);
    await calls.drop([hiddenOf(at)]);
    const scores = results['relations']!.data as Float32Array;
    for (const [i, sentence] of chunk.grid.sentences.entries()) {
      const { document } = chunk.rows[sentence.row]!;
      const beam = beams[i]!;
      const spans = cellsOf(sentence, config.widths);
      const inDocument = (cell: number) => documentSpan(cell, sentence.row, chunk.grid);
      entities[document]!.push(...decodeEntities(spans.map(inDocument), (k) => chunk.entity.subarray(spans[k]! * types, (spans[k]! + 1) * types)));
      relations[document]!.push(
        ...decodeRelations(beam.map(inDocument), (subject, object) => {
          const pair = place(i, subject, object)!;
          return scores.subarray(pair * relationTypes.length, (pair + 1) * relationTypes.length);
        }),
      );
    }
    keepStates(states, own, results, config);
  }
  const clusters = await linkMentions(mentions, states, pieces, calls, config);
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
const relationBeam = (sentence: GridSentence, { relationBeam: scores }: Chunk, { widths, relationRatio }: ReaderConfig): number[] => {
  const cells = cellsOf(sentence, widths);
  const k = beamSize(relationRatio, sentence.end - sentence.start, cells.length);
  return topIndices(
    cells.map((cell) => scores[cell]!),
    k,
  ).map((i) => cells[i]!);
};

/** Mentions of every document, sorted by position: the best of all its windows, none crossing another. */
const keepMentions = (pieces: readonly Pieces[], chunks: readonly Chunk[], config: ReaderConfig): Mention[][] => {
  const candidates: Mention[][] = pieces.map(() => []);
  for (const [chunk, { rows, grid, coreferenceMention }] of chunks.entries())
    for (const sentence of grid.sentences)
      for (const cell of cellsOf(sentence, config.widths))
        candidates[rows[sentence.row]!.document]!.push({ ...documentSpan(cell, sentence.row, grid), chunk, cell, score: coreferenceMention[cell]! });
  return candidates.map((list, document) => {
    list.sort((a, b) => a.start - b.start || a.end - b.end); // ties of the scores go to the earlier span, whatever the chunks were
    const k = beamSize(config.coreferenceRatio, pieces[document]!.words.length, list.length);
    return pruneCrossing(
      list,
      list.map((mention) => mention.score),
      k,
    ).map((i) => list[i]!);
  });
};

// Lists have at least two entries: a product of a single row takes another kernel and differs in the last bits.
const cellFeed = (cells: readonly number[]): TensorData => {
  const padded = cells.length >= 2 ? cells : [...cells, 0, 0].slice(0, 2);
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
  const { tokenWord, wordFirst, wordLast } = grid.feeds;
  const cells = grid.words * config.widths;
  const results = await calls.pairs(
    {
      tokenWord,
      wordFirst,
      wordLast,
      entity: { dtype: 'float32', shape: [cells, types], data: entity },
      relationMention: { dtype: 'float32', shape: [cells], data: relationMention },
      relationCells: cellFeed(beams.flat()),
      mentionCells: cellFeed(mentions.map(({ cell }) => cell)),
      relationSubjects: int64([tiles.count, tileSize], tiles.rows),
      relationObjects: int64([tiles.count, tileSize], tiles.columns),
    },
    { resident: { hidden: hiddenOf(at) } },
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

/** Clusters of every document, from the states of its mentions. */
const linkMentions = async (
  mentions: readonly (readonly Mention[])[],
  states: ReadonlyMap<Mention, MentionState>,
  pieces: readonly Pieces[],
  calls: Calls,
  config: ReaderConfig,
): Promise<Span[][][]> => {
  const all = mentions.flat();
  const rows = Math.max(2, all.length);
  const vectors = new Float32Array(rows * config.projection);
  const beliefs = new Float32Array(rows * (types + 1));
  const scores = new Float32Array(rows);
  const [strings, lastWords] = [new Int32Array(rows), new Int32Array(rows)];
  const ids = new Map<string, number>();
  const idOf = (text: string): number => {
    const known = ids.get(text) ?? ids.size;
    ids.set(text, known);
    return known;
  };
  let at = 0;
  for (const [document, list] of mentions.entries())
    for (const mention of list) {
      const { words } = pieces[document]!;
      vectors.set(states.get(mention)!.vector, at * config.projection);
      beliefs.set(states.get(mention)!.beliefs, at * (types + 1));
      scores[at] = mention.score;
      strings[at] = idOf(words.slice(mention.start, mention.end + 1).join(' '));
      lastWords[at] = idOf(words[mention.end]!);
      at++;
    }
  const sizes = mentions.map((list) => list.length);
  const { feeds, place } = mentionTiles(sizes, config.antecedents);
  const results = await calls.links({
    ...feeds,
    mentions: { dtype: 'float32', shape: [rows, config.projection], data: vectors },
    beliefs: { dtype: 'float32', shape: [rows, types + 1], data: beliefs },
    mentionScores: { dtype: 'float32', shape: [rows], data: scores },
    mentionStrings: int64([rows], strings),
    mentionLastWords: int64([rows], lastWords),
  });
  const links = results['links']!.data as Float32Array;
  return mentions.map((list, document) =>
    decodeClusters(
      list.map(({ start, end }) => ({ start, end })),
      (i) => Array.from({ length: Math.min(i, config.antecedents) }, (_, back) => links[place(document, i, i - back - 1)!]!),
    ),
  );
};
