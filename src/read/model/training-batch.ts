import type { AnnotatedDocument } from '../../evaluate/index.ts';
import type { TensorData } from '../../runtime/index.ts';
import { beamSize, bool, cellsOf, type Grid, gridOf, int64, mentionBucket, type Row, tilesOf } from './grid.ts';
import { entityTypes, relationTypes } from './labels.ts';
import { tileSize } from './network/tiles.ts';
import type { ReaderConfig } from './reader-config.ts';

/** A window with its gold annotations. */
export interface GoldRow extends Row {
  readonly document: AnnotatedDocument;
}

type Feeds = Record<string, TensorData>;

/** Every input of `trainingGraph` but `key` and `lossScale`, for the rows given. */
export const trainingFeeds = (rows: readonly GoldRow[], config: ReaderConfig, special: { cls: number; sep: number }): Feeds => {
  const grid = gridOf(rows, config.widths, special);
  const strings = stringsOf(rows, grid);
  const spans = grid.sentences.map((sentence) => cellsOf(sentence, config.widths));
  const relationBeams = grid.sentences.map(({ start, end }, i) => beamSize(config.relationRatio, end - start, spans[i]!.length));
  const byRow = grid.rows.map((_, row) => grid.sentences.flatMap((sentence, i) => (sentence.row === row ? spans[i]! : [])));
  const wordsOf = grid.rows.map((_, row) => grid.sentences.reduce((sum, s) => sum + (s.row === row ? s.end - s.start : 0), 0));
  const mentionBeams = byRow.map((cells, row) => beamSize(config.coreferenceRatio, wordsOf[row]!, cells.length));
  return {
    ...grid.feeds,
    ...beamFeeds('sentence', spans, relationBeams),
    ...beamFeeds('document', byRow, mentionBeams),
    ...relationFeeds(relationBeams),
    ...coreferenceFeeds(mentionBeams, config.antecedents),
    ...goldFeeds(rows, grid, spans),
    ...strings,
  };
};

/** Numbers for the words of every span and every word: equal where the lower-cased words are. */
const stringsOf = (rows: readonly GoldRow[], { widths, words, rows: placed }: Grid): Feeds => {
  const ids = new Map<string, number>();
  const idOf = (text: string): number => {
    const known = ids.get(text);
    if (known !== undefined) return known;
    ids.set(text, ids.size);
    return ids.size - 1;
  };
  const spanStrings = new Int32Array(words * widths);
  const wordStrings = new Int32Array(words);
  for (const [row, { pieces }] of rows.entries()) {
    const { offset, start, words: count } = placed[row]!;
    for (let i = 0; i < count; i++) {
      wordStrings[offset + i] = idOf(pieces.words[start + i]!);
      for (let width = 0; width < widths && i + width < count; width++)
        spanStrings[(offset + i) * widths + width] = idOf(pieces.words.slice(start + i, start + i + width + 1).join(' '));
    }
  }
  return { spanStrings: int64([words, widths], spanStrings), wordStrings: int64([words], wordStrings) };
};

const beamFeeds = (group: string, spans: readonly (readonly number[])[], beams: readonly number[]): Feeds => {
  const most = Math.max(...spans.map((cells) => cells.length));
  const beam = Math.max(...beams);
  const padded = new Int32Array(spans.length * most);
  const spanMask = new Uint8Array(padded.length);
  const beamMask = new Uint8Array(spans.length * beam);
  const slots: number[] = [];
  for (const [i, cells] of spans.entries()) {
    padded.set(cells, i * most);
    spanMask.fill(1, i * most, i * most + cells.length);
    beamMask.fill(1, i * beam, i * beam + beams[i]!);
    for (let rank = 0; rank < beams[i]!; rank++) slots.push(i * beam + rank);
  }
  return {
    [`${group}Spans`]: int64([spans.length, most], padded),
    [`${group}SpanMask`]: bool([spans.length, most], spanMask),
    [`${group}BeamMask`]: bool([spans.length, beam], beamMask),
    [`${group}Slots`]: int64([slots.length], slots),
  };
};

const relationFeeds = (beams: readonly number[]): Feeds => {
  const { rows, columns, mask, count } = tilesOf(beams, () => true);
  return {
    relationSubjects: int64([count, tileSize], rows),
    relationObjects: int64([count, tileSize], columns),
    relationMask: bool([count, tileSize, tileSize], mask),
  };
};

/** Tiles of mentions against their antecedents, with the distance of every pair. */
export const mentionTiles = (beams: readonly number[], antecedents: number) => {
  const tiles = tilesOf(beams, (anaphor, antecedent) => antecedent < anaphor && anaphor - antecedent <= antecedents);
  const offsets = beams.map((_, i) => beams.slice(0, i).reduce((a, b) => a + b, 0));
  const buckets = new Int32Array(tiles.count * tileSize * tileSize);
  const bucketAt = Array.from({ length: Math.max(0, ...beams) }, (_, distance) => mentionBucket(distance));
  for (const [beam, size] of beams.entries())
    for (let i = 1; i < size; i++) for (let j = Math.max(0, i - antecedents); j < i; j++) buckets[tiles.place(beam, i, j)] = bucketAt[i - j]!;
  const feeds: Feeds = {
    anaphors: int64([tiles.count, tileSize], tiles.rows),
    antecedents: int64([tiles.count, tileSize], tiles.columns),
    mentionBuckets: int64([tiles.count, tileSize, tileSize], buckets),
  };
  return { feeds, place: tiles.place, offsets };
};

const coreferenceFeeds = (beams: readonly number[], antecedents: number): Feeds => {
  const { feeds, place, offsets } = mentionTiles(beams, antecedents);
  const slots = beams.reduce((a, b) => a + b, 0);
  const candidates = Math.max(1, Math.min(antecedents, Math.max(...beams) - 1));
  const [pairs, from, mask] = [new Int32Array(slots * candidates), new Int32Array(slots * candidates), new Uint8Array(slots * candidates)];
  for (const [beam, size] of beams.entries())
    for (let i = 0; i < size; i++)
      for (let back = 1; back <= Math.min(i, candidates); back++) {
        const at = (offsets[beam]! + i) * candidates + back - 1;
        pairs[at] = place(beam, i, i - back);
        from[at] = offsets[beam]! + i - back;
        mask[at] = 1;
      }
  const shape = [slots, candidates];
  return { ...feeds, candidatePairs: int64(shape, pairs), candidateSlots: int64(shape, from), candidateMask: bool(shape, mask) };
};

/** Labels of the grid's cells and the list of gold relations. A span that is too wide, crosses a sentence or lies outside the windows is lost, as in SciIE. */
const goldFeeds = (rows: readonly GoldRow[], { widths, words, rows: placed }: Grid, spans: readonly (readonly number[])[]): Feeds => {
  const labels = new Int32Array(words * widths).fill(-1);
  for (const cells of spans) for (const cell of cells) labels[cell] = 0;
  const clusters = new Int32Array(words * widths);
  const gold: { subject: number; object: number; label: number }[] = [];
  let cluster = 0;
  for (const [row, { document }] of rows.entries()) {
    const { offset, start, words: count } = placed[row]!;
    const cellOf = ({ start: first, end: last }: { start: number; end: number }): number | undefined => {
      const word = first - start;
      const inside = word >= 0 && last - start < count && last - first < widths;
      const cell = (offset + word) * widths + last - first;
      return inside && labels[cell]! >= 0 ? cell : undefined;
    };
    for (const entity of document.entities) {
      const cell = cellOf(entity);
      if (cell !== undefined) labels[cell] = 1 + (entityTypes as readonly string[]).indexOf(entity.label);
    }
    for (const mentions of document.clusters) {
      cluster++;
      for (const mention of mentions) {
        const cell = cellOf(mention);
        if (cell !== undefined) clusters[cell] = cluster;
      }
    }
    const seen = new Set<string>();
    for (const relation of document.relations) {
      const [subject, object] = [cellOf(relation.subject), cellOf(relation.object)];
      if (subject === undefined || object === undefined || seen.has(`${subject} ${object}`)) continue;
      seen.add(`${subject} ${object}`);
      gold.push({ subject, object, label: 1 + (relationTypes as readonly string[]).indexOf(relation.label) });
    }
  }
  if (gold.length === 0) gold.push({ subject: -1, object: -1, label: 0 });
  const relationArguments = new Uint8Array(words * widths);
  for (const { subject, object } of gold) if (subject >= 0) relationArguments[subject] = relationArguments[object] = 1;
  const list = (pick: (one: (typeof gold)[number]) => number) => gold.map(pick);
  return {
    entityLabels: int64([words, widths], labels),
    spanClusters: int64([words, widths], clusters),
    relationArguments: bool([words, widths], relationArguments),
    goldSubjects: int64(
      [gold.length],
      list((one) => one.subject),
    ),
    goldObjects: int64(
      [gold.length],
      list((one) => one.object),
    ),
    goldLabels: { dtype: 'float32', shape: [gold.length], data: Float32Array.from(list((one) => one.label)) },
  };
};
