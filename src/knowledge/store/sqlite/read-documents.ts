import type { DocumentSummary, Entity, EntityQuery, EntitySummary, ResolvedMention, SentenceHit, Store, StoredDocument } from '../contract.ts';
import { type Parts, pagesOf } from './documents.ts';
import { mergesOf } from './merges.ts';
import { queryWords } from './read-graph.ts';
import {
  DOCUMENT,
  type DocumentRow,
  documentNumber,
  documentSummary,
  ENTITY,
  ENTITY_FROM,
  type EntityRow,
  entityRow,
  pageAt,
  summary,
  textsOf,
} from './rows.ts';
import type { Sql } from './sql.ts';

export function listDocuments(sql: Sql, query: Parameters<Store['documents']>[0] = {}): DocumentSummary[] {
  const { limit = -1, offset = 0, text } = query;
  const like = text === undefined ? null : `%${text.replace(/[\\%_]/g, (sign) => `\\${sign}`)}%`;
  const rows = sql.all<DocumentRow>(
    `SELECT ${DOCUMENT} FROM document WHERE ?1 IS NULL OR title LIKE ?1 ESCAPE '\\' OR EXISTS (SELECT 1 FROM document_name WHERE document_name.doc = document.doc AND name LIKE ?1 ESCAPE '\\')
     ORDER BY (SELECT min(name) FROM document_name WHERE document_name.doc = document.doc), id LIMIT ?2 OFFSET ?3`,
    like,
    limit,
    offset,
  );
  return rows.map((row) => documentSummary(sql, row));
}

export function findDocuments(sql: Sql, nameOrId: string): DocumentSummary[] {
  const by = (where: string, ...values: string[]): DocumentRow[] =>
    sql.all<DocumentRow>(`SELECT ${DOCUMENT} FROM document WHERE doc IN (${where}) ORDER BY id`, ...values);
  let rows = by('SELECT doc FROM document_name WHERE name = ?', nameOrId);
  if (rows.length === 0) {
    const end = `/${nameOrId}`;
    rows = by('SELECT doc FROM document_name WHERE substr(name, -length(?1)) = ?1', end);
  }
  if (rows.length === 0 && /^[0-9a-f]{6,64}$/.test(nameOrId)) rows = by("SELECT doc FROM document WHERE id >= ?1 AND id < ?1 || 'g'", nameOrId);
  return rows.map((row) => documentSummary(sql, row));
}

export function readDocument(sql: Sql, id: string): StoredDocument {
  const doc = documentNumber(sql, id);
  const row = sql.get<DocumentRow>(`SELECT ${DOCUMENT} FROM document WHERE doc = ?`, doc)!;
  const { text, parts: json } = sql.get<{ text: string; parts: string }>('SELECT text, parts FROM body WHERE doc = ?', doc)!;
  const parts = JSON.parse(json) as Parts;
  const rows = sql.all<{ first: number; last: number; kind: string; score: number; via: ResolvedMention['via']; entity: string | null; name: string | null }>(
    `SELECT mention.first, mention.last, mention.kind, mention.score, mention.via, ck.hash AS entity, coalesce(mention.named, ok.key) AS name
     FROM mention LEFT JOIN key AS ok ON ok.id = mention.key LEFT JOIN entity ON entity.entity = ok.entity LEFT JOIN key AS ck ON ck.id = entity.key
     WHERE mention.doc = ? ORDER BY mention.n`,
    doc,
  );
  return {
    ...documentSummary(sql, row),
    text,
    sentenceSpans: parts.sentences.map(([start, end]) => ({ start, end })),
    pages: pagesOf(parts),
    resolved: rows.map((mention) => ({
      start: mention.first,
      end: mention.last,
      kind: mention.kind,
      score: mention.score / 10_000,
      text: text.slice(mention.first, mention.last),
      entity: mention.entity,
      name: mention.name,
      via: mention.via,
    })),
    relationMentions: parts.relations.map(([subject, object, label, score, sentence]) => ({ subject, object, label, score, sentence })),
  };
}

export function listEntities(sql: Sql, query: EntityQuery = {}): EntitySummary[] {
  const { kind = null, minMentions = 0, limit = 100, offset = 0 } = query;
  const doc = query.document === undefined ? null : documentNumber(sql, query.document);
  const rows = sql.all<EntityRow>(
    `SELECT ${ENTITY} FROM ${ENTITY_FROM} WHERE entity.mentions >= ?1 ${kind === null ? '' : 'AND entity.kind = ?2'}
     ${doc === null ? '' : 'AND entity.entity IN (SELECT entity FROM entity_doc WHERE doc = ?3)'} AND (?2 IS NULL OR TRUE) AND (?3 IS NULL OR TRUE)
     ORDER BY entity.mentions DESC, entity.canonical LIMIT ?4 OFFSET ?5`,
    minMentions,
    kind,
    doc,
    limit,
    offset,
  );
  return rows.map(summary);
}

export function readEntity(sql: Sql, id: string): Entity {
  const row = entityRow(sql, id);
  const kinds = sql.all<{ kind: string; n: number }>('SELECT kind, n FROM entity_kind WHERE entity = ? ORDER BY n DESC, kind', row.entity);
  const names = sql.all<{ name: string; mentions: number }>(
    'SELECT surface AS name, sum(n) AS mentions FROM spelling JOIN key ON key.id = spelling.key WHERE key.entity = ? GROUP BY surface ORDER BY mentions DESC, surface',
    row.entity,
  );
  const keys = sql.all<{ key: string }>('SELECT key FROM key WHERE entity = ? ORDER BY outgoing, mentions DESC, key', row.entity);
  return {
    ...summary(row),
    kinds: Object.fromEntries(kinds.map(({ kind, n }) => [kind, n])),
    names,
    keys: keys.map(({ key }) => key),
    merges: mergesOf(sql, row.entity),
  };
}

export function readMentions(sql: Sql, id: string, query: { readonly limit?: number; readonly offset?: number } = {}): Awaited<ReturnType<Store['mentions']>> {
  const { entity } = entityRow(sql, id);
  const rows = sql.all<{ doc: number; a: number; b: number; first: number | null; last: number | null }>(
    `SELECT mention.doc, mention.first AS a, mention.last AS b, sentence.first, sentence.last FROM entity_doc
     JOIN document ON document.doc = entity_doc.doc JOIN mention ON mention.doc = entity_doc.doc JOIN key ON key.id = mention.key AND key.entity = entity_doc.entity
     LEFT JOIN sentence ON sentence.doc = mention.doc AND sentence.first <= mention.first AND sentence.last >= mention.last
     WHERE entity_doc.entity = ? ORDER BY document.id, mention.first, mention.last LIMIT ? OFFSET ?`,
    entity,
    query.limit ?? 100,
    query.offset ?? 0,
  );
  const text = textsOf(sql);
  return rows.map((row) => {
    const document = text(row.doc);
    const [start, end] = [row.first ?? row.a, row.last ?? row.b];
    return {
      document: document.id,
      documentName: document.name,
      start,
      end,
      text: document.text.slice(start, end),
      page: pageAt(sql, row.doc, start),
      mention: { start: row.a, end: row.b },
    };
  });
}

export function searchSentences(sql: Sql, question: string, query: { readonly limit?: number } = {}): SentenceHit[] {
  const words = queryWords(question);
  if (words.length === 0) return [];
  const rows = sql.all<{ doc: number; first: number; last: number }>(
    `SELECT sentence.doc, sentence.first, sentence.last FROM (SELECT rowid AS r, rank FROM sentence_words WHERE sentence_words MATCH ? ORDER BY rank LIMIT ?) AS hit
     JOIN sentence ON sentence.doc = hit.r / 16777216 AND sentence.n = hit.r % 16777216 ORDER BY hit.rank`,
    words.map((word) => `"${word}"`).join(' '),
    query.limit ?? 20,
  );
  const text = textsOf(sql);
  return rows.map((row) => {
    const document = text(row.doc);
    return {
      document: document.id,
      documentName: document.name,
      start: row.first,
      end: row.last,
      text: document.text.slice(row.first, row.last),
      page: pageAt(sql, row.doc, row.first),
    };
  });
}
