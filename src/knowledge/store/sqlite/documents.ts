import { createHash } from 'node:crypto';
import { checkReading } from '../../check-reading.ts';
import { cleanName, foldName, normaliseName, poolPlural } from '../../names/normalise.ts';
import { resolveReading } from '../../names/resolve.ts';
import type { PagePosition, Reading } from '../../reading.ts';
import type { AddResult } from '../contract.ts';
import { countDocument, countKind, orderedEnds } from './components.ts';
import { type Change, makeKey, touchKey } from './keys.ts';
import type { Sql } from './sql.ts';

/** Sentences of one document that the word index can hold; far above any document that fits the loaders' limits. */
const SENTENCES = 2 ** 24;

/** What of a reading is kept as it came. */
export interface Parts {
  readonly sentences: readonly (readonly [start: number, end: number])[];
  readonly pages: readonly (readonly [page: number, start: number, end: number, box: NonNullable<PagePosition['box']> | null])[];
  readonly mentions: readonly (readonly [start: number, end: number, kind: string, score: number])[];
  readonly relations: readonly (readonly [subject: number, object: number, label: string, score: number, sentence: number])[];
  readonly clusters: readonly (readonly number[])[];
  readonly hash: string;
}

/** Writes one reading's rows; the graph is settled afterwards by `settle`. */
export function addDocument(change: Change, given: Reading): AddResult {
  checkReading(given);
  const reading = storable(given);
  const { sql } = change;
  const hash = createHash('sha256')
    .update(JSON.stringify(contentOf(reading)))
    .digest('hex');
  const known = sql.get<{ doc: number; parts: string }>('SELECT document.doc, parts FROM document JOIN body USING (doc) WHERE id = ?', reading.id);
  const same = known !== undefined && (JSON.parse(known.parts) as Parts).hash === hash;
  if (known && same) {
    const { replaced, renamed } = takeNames(change, known.doc, reading.names);
    return { status: renamed ? 'renamed' : 'unchanged', replaced };
  }
  const earlier = known ? sql.all<{ name: string }>('SELECT name FROM document_name WHERE doc = ?', known.doc).map((row) => row.name) : [];
  if (known) removeDocument(change, known.doc);
  const doc = writeRows(change, reading, hash);
  const { replaced } = takeNames(change, doc, [...new Set([...earlier, ...reading.names])]);
  return { status: known ? 'reread' : 'added', replaced };
}

/** A reading as it will be read back: scores rounded, text well-formed (a lone surrogate becomes U+FFFD, which moves no offset). */
function storable(reading: Reading): Reading {
  const { pages, ...rest } = reading;
  const rounded = <T extends { readonly score: number }>(item: T): T => ({ ...item, score: tenThousandths(item.score) / 10_000 });
  return {
    ...rest,
    ...(pages === undefined || pages.length === 0 ? {} : { pages }),
    text: reading.text.toWellFormed(),
    mentions: reading.mentions.map(rounded),
    relations: reading.relations.map(rounded),
  };
}

function contentOf(reading: Reading): unknown {
  const { names: _, ...content } = reading;
  return Object.entries(content)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

/** A name belongs to one document: it leaves the one that had it, which goes when it was its last. */
function takeNames(change: Change, doc: number, names: readonly string[]): { replaced: string[]; renamed: boolean } {
  const { sql } = change;
  const replaced: string[] = [];
  let renamed = false;
  for (const name of names) {
    const holder = sql.get<{ doc: number }>('SELECT doc FROM document_name WHERE name = ?', name)?.doc;
    if (holder === doc) continue;
    renamed = true;
    sql.run('INSERT OR REPLACE INTO document_name (name, doc) VALUES (?, ?)', name, doc);
    if (holder === undefined || sql.get('SELECT 1 FROM document_name WHERE doc = ?', holder)) continue;
    replaced.push(sql.get<{ id: string }>('SELECT id FROM document WHERE doc = ?', holder)!.id);
    removeDocument(change, holder);
  }
  return { replaced, renamed };
}

function writeRows(change: Change, reading: Reading, hash: string): number {
  const { sql } = change;
  const resolved = resolveReading(reading);
  const { id: doc } = sql.run(
    `INSERT INTO document (id, loader, reader, media_type, size, title, year, venue, characters, sentences, mentions, relations)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    reading.id,
    reading.loader,
    reading.reader,
    reading.mediaType ?? null,
    reading.sizeBytes ?? null,
    reading.title ?? null,
    reading.year ?? null,
    reading.venue ?? null,
    reading.text.length,
    reading.sentences.length,
    reading.mentions.length,
    reading.relations.length,
  );
  const parts: Parts = {
    sentences: reading.sentences.map((span) => [span.start, span.end]),
    pages: (reading.pages ?? []).map((page) => [page.page, page.start, page.end, page.box ?? null]),
    mentions: reading.mentions.map((mention) => [mention.start, mention.end, mention.kind, mention.score]),
    relations: reading.relations.map((relation) => [relation.subject, relation.object, relation.label, relation.score, relation.sentence]),
    clusters: reading.clusters,
    hash,
  };
  sql.run('INSERT INTO body (doc, text, parts) VALUES (?, ?, ?)', doc, reading.text, JSON.stringify(parts));
  for (const { page, start } of reading.pages ?? []) sql.run('INSERT OR IGNORE INTO page (doc, first, page) VALUES (?, ?, ?)', doc, start, page);
  reading.sentences.forEach((span, index) => {
    sql.run('INSERT INTO sentence (doc, n, first, last) VALUES (?, ?, ?, ?)', doc, index, span.start, span.end);
    if (index < SENTENCES) sql.run('INSERT INTO sentence_words (rowid, text) VALUES (?, ?)', doc * SENTENCES + index, reading.text.slice(span.start, span.end));
  });
  resolved.definitions.forEach((definition, n) => {
    const pooled = poolPlural(definition.full);
    sql.run('INSERT INTO definition VALUES (?, ?, ?, ?, ?, ?, ?)', doc, n, definition.short, definition.full, pooled, definition.start, definition.end);
    change.names.add(definition.short).add(`${definition.short}s`);
  });
  resolved.pairs.forEach((pair, n) => {
    sql.run('INSERT INTO pair VALUES (?, ?, ?, ?, ?, ?)', doc, n, pair.from, pair.to, pair.fromMention, pair.toMention);
    change.names.add(pair.from);
  });
  const keys = reading.mentions.map((mention, n) => {
    const { key: name, surface, via, named } = resolved.mentions[n]!;
    const key = name === null ? null : makeKey(change, name);
    sql.run(
      'INSERT INTO mention (doc, n, key, first, last, kind, score, via, named) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
      doc,
      n,
      key,
      mention.start,
      mention.end,
      mention.kind,
      tenThousandths(mention.score),
      via,
      named,
    );
    if (key !== null) countMention(change, { key, doc, kind: mention.kind, surface, via, named }, 1);
    return key;
  });
  countDocuments(change, keys, 1);
  reading.relations.forEach((relation, n) => {
    const [sKey, oKey] = [keys[relation.subject]!, keys[relation.object]!];
    if (sKey === null || oKey === null || sKey === oKey) return;
    const entity = (key: number): number => sql.get<{ entity: number }>('SELECT entity FROM key WHERE id = ?', key)!.entity;
    const label = labelOf(change, relation.label);
    const [s, o] = orderedEnds(relation.label, entity(sKey), entity(oKey));
    const score = tenThousandths(relation.score);
    sql.run(
      'INSERT INTO relation (doc, n, label, s_key, o_key, s, o, subject, object, sentence, score, weight) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      ...[doc, n, label, sKey, oKey, s, o, relation.subject, relation.object, relation.sentence, score, weightOf(score)],
    );
    change.facts.add(`${s}|${label}|${o}`);
  });
  return doc;
}

/** The reading of a document as it was given, scores rounded. */
export function loadReading(sql: Sql, doc: number): Reading {
  const row = sql.get<
    Record<'id' | 'loader' | 'reader' | 'text' | 'parts', string> &
      Record<'media_type' | 'title' | 'venue', string | null> &
      Record<'size' | 'year', number | null>
  >('SELECT id, loader, reader, media_type, size, title, year, venue, text, parts FROM document JOIN body USING (doc) WHERE doc = ?', doc)!;
  const parts = JSON.parse(row.parts) as Parts;
  return {
    id: row.id,
    names: sql.all<{ name: string }>('SELECT name FROM document_name WHERE doc = ? ORDER BY name', doc).map(({ name }) => name),
    loader: row.loader,
    reader: row.reader,
    ...(row.media_type === null ? {} : { mediaType: row.media_type }),
    ...(row.size === null ? {} : { sizeBytes: row.size }),
    ...(row.title === null ? {} : { title: row.title }),
    ...(row.year === null ? {} : { year: row.year }),
    ...(row.venue === null ? {} : { venue: row.venue }),
    text: row.text,
    sentences: parts.sentences.map(([start, end]) => ({ start, end })),
    ...(parts.pages.length === 0 ? {} : { pages: pagesOf(parts) }),
    mentions: parts.mentions.map(([start, end, kind, score]) => ({ start, end, kind, score })),
    relations: parts.relations.map(([subject, object, label, score, sentence]) => ({ subject, object, label, score, sentence })),
    clusters: parts.clusters,
  };
}

export function pagesOf(parts: Parts): PagePosition[] {
  return parts.pages.map(([page, start, end, box]) => ({ page, start, end, ...(box === null ? {} : { box }) }));
}

/** Takes away all rows of a document, counting back exactly what it counted. */
export function removeDocument(change: Change, doc: number): void {
  const { sql } = change;
  for (const row of sql.all<{ s: number; label: number; o: number }>('SELECT DISTINCT s, label, o FROM relation WHERE doc = ?', doc))
    change.facts.add(`${row.s}|${row.label}|${row.o}`);
  sql.run('DELETE FROM relation WHERE doc = ?', doc);
  for (const { short } of sql.all<{ short: string }>('SELECT short FROM definition WHERE doc = ?', doc)) change.names.add(short).add(`${short}s`);
  sql.run('DELETE FROM definition WHERE doc = ?', doc);
  for (const { a } of sql.all<{ a: string }>('SELECT a FROM pair WHERE doc = ?', doc)) change.names.add(a);
  sql.run('DELETE FROM pair WHERE doc = ?', doc);
  const { text } = sql.get<{ text: string }>('SELECT text FROM body WHERE doc = ?', doc)!;
  const mentions = sql.all<{ key: number | null; first: number; last: number; kind: string; via: Via; named: string | null }>(
    'SELECT key, first, last, kind, via, named FROM mention WHERE doc = ? ORDER BY n',
    doc,
  );
  const rows = mentions.filter((row): row is typeof row & { key: number } => row.key !== null);
  for (const { key } of rows) touchKey(change, key);
  sql.run('DELETE FROM mention WHERE doc = ?', doc);
  for (const row of rows) countMention(change, { ...row, doc, surface: cleanName(text.slice(row.first, row.last)) }, -1);
  countDocuments(
    change,
    rows.map((row) => row.key),
    -1,
  );
  sql.run('DELETE FROM sentence_words WHERE rowid >= ? AND rowid < ?', doc * SENTENCES, (doc + 1) * SENTENCES);
  for (const table of ['sentence', 'page', 'body']) sql.run(`DELETE FROM ${table} WHERE doc = ?`, doc);
  sql.run('DELETE FROM document_name WHERE doc = ?', doc);
  sql.run('DELETE FROM document WHERE doc = ?', doc);
}

type Via = 'own' | 'coreference' | 'definition' | null;

interface CountedMention {
  readonly key: number;
  readonly doc: number;
  readonly kind: string;
  readonly surface: string;
  readonly via: Via;
  readonly named: string | null;
}

function countMention(change: Change, mention: CountedMention, sign: 1 | -1): void {
  const { sql } = change;
  const { key } = mention;
  touchKey(change, key);
  sql.run('UPDATE key SET mentions = mentions + ? WHERE id = ?', sign, key);
  const { entity } = sql.get<{ entity: number }>('SELECT entity FROM key WHERE id = ?', key)!;
  sql.run('UPDATE entity SET mentions = mentions + ? WHERE entity = ?', sign, entity);
  change.entities.add(entity);
  countDocument(change, entity, mention.doc, sign);
  if (mention.kind !== 'Generic') {
    sql.run('INSERT INTO key_kind (key, kind, n) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n', key, mention.kind, sign);
    sql.run('DELETE FROM key_kind WHERE key = ? AND kind = ? AND n = 0', key, mention.kind);
    countKind(change, entity, mention.kind, sign);
  }
  if (mention.via !== 'coreference') countSpelling(change, key, mention.surface, sign, 1);
  if (mention.named !== null) countSpelling(change, key, mention.named, sign, 0);
}

function countSpelling(change: Change, key: number, surface: string, sign: 1 | -1, mentions: 0 | 1): void {
  const { sql } = change;
  const had = sql.get<{ id: number; refs: number; own: number }>('SELECT id, refs, own FROM spelling WHERE key = ? AND surface = ?', key, surface);
  if (!had) {
    const { key: name } = sql.get<{ key: string }>('SELECT key FROM key WHERE id = ?', key)!;
    const own = normaliseName(surface) === name ? 1 : 0;
    const { id } = sql.run(
      'INSERT INTO spelling (key, surface, folded, own, n, refs) VALUES (?, ?, ?, ?, ?, 1)',
      key,
      surface,
      foldName(surface),
      own,
      mentions,
    );
    if (!own) sql.run('INSERT INTO name_words (rowid, name) VALUES (?, ?)', 2 * id + 1, surface);
  } else if (had.refs + sign === 0) {
    sql.run('DELETE FROM spelling WHERE id = ?', had.id);
    if (!had.own) sql.run('DELETE FROM name_words WHERE rowid = ?', 2 * had.id + 1);
  } else sql.run('UPDATE spelling SET refs = refs + ?, n = n + ? WHERE id = ?', sign, sign * mentions, had.id);
}

function countDocuments(change: Change, keys: readonly (number | null)[], sign: 1 | -1): void {
  for (const key of new Set(keys)) if (key !== null) change.sql.run('UPDATE key SET documents = documents + ? WHERE id = ?', sign, key);
}

function labelOf(change: Change, label: string): number {
  const found = change.sql.get<{ id: number }>('SELECT id FROM label WHERE label = ?', label);
  return found?.id ?? change.sql.run('INSERT INTO label (label) VALUES (?)', label).id;
}

function tenThousandths(score: number): number {
  return Math.round(score * 10_000);
}

/** −ln(1 − score) in millionths; a score of 1 counts as 0.9999. */
function weightOf(score: number): number {
  return Math.round(-Math.log1p(-Math.min(score, 9999) / 10_000) * 1e6);
}
