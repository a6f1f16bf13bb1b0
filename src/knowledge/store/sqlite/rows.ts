import type { SQLInputValue } from 'node:sqlite';
import { NotFoundError } from '../../errors.ts';
import { foldName, normaliseName } from '../../names/normalise.ts';
import type { DocumentSummary, EntitySummary } from '../contract.ts';
import type { Sql } from './sql.ts';

/** An entity row with its content id. */
export interface EntityRow extends EntitySummary {
  readonly entity: number;
  readonly canonical: string;
}

/** Columns of an EntityRow from `entity` joined to its canonical key as `ck`. */
export const ENTITY = 'entity.entity, ck.hash AS id, entity.canonical, entity.name, entity.kind, entity.mentions, entity.documents, entity.facts';
export const ENTITY_FROM = 'entity JOIN key AS ck ON ck.id = entity.key';

export function summary(row: EntityRow): EntitySummary {
  return { id: row.id, name: row.name, kind: row.kind, mentions: row.mentions, documents: row.documents, facts: row.facts };
}

/** The entity's row by its own id or that of any name merged into it. */
export function entityRow(sql: Sql, id: string): EntityRow {
  const row = sql.get<EntityRow>(
    `SELECT ${ENTITY} FROM key JOIN entity ON entity.entity = key.entity JOIN key AS ck ON ck.id = entity.key WHERE key.hash = ?`,
    id,
  );
  if (!row) throw new NotFoundError(`entity ${JSON.stringify(id)}: expected an entity of this graph, got none; look for its name [NOT_FOUND]`);
  return row;
}

export function entityByNumber(sql: Sql, entity: number): EntityRow {
  return sql.get<EntityRow>(`SELECT ${ENTITY} FROM ${ENTITY_FROM} WHERE entity.entity = ?`, entity)!;
}

/** Entities that a name or id may mean: exact id, normalised name, spelling; else the same without case; best known first. */
export function findEntityRows(sql: Sql, nameOrId: string): EntityRow[] {
  const by = (where: string, ...values: SQLInputValue[]): EntityRow[] =>
    sql.all<EntityRow>(
      `SELECT ${ENTITY} FROM (${where}) AS found CROSS JOIN entity ON entity.entity = found.entity CROSS JOIN key AS ck ON ck.id = entity.key
       GROUP BY entity.entity ORDER BY +entity.mentions DESC, entity.canonical LIMIT 50`,
      ...values,
    );
  const key = normaliseName(nameOrId);
  const tries: (() => EntityRow[])[] = [
    () => (/^e[0-9a-f]{16}$/.test(nameOrId) ? by('SELECT entity FROM key WHERE hash = ?', nameOrId) : []),
    () => (key === null ? [] : by('SELECT entity FROM key WHERE key = ?', key)),
    () => by('SELECT entity FROM spelling JOIN key ON key.id = spelling.key WHERE surface = ?', nameOrId.trim()),
    // an acronym that is only ever written where it is defined
    () =>
      key === null
        ? []
        : by(
            'SELECT key.entity FROM definition JOIN key ON key.key IN (definition.full_key, definition.pooled) WHERE definition.short IN (?, ?) AND key.mentions > 0',
            key,
            key.replace(/(?<=\p{Lu})s$/u, ''),
          ),
    () => by('SELECT entity FROM key WHERE folded = ?', foldName(key ?? nameOrId)),
    () => by('SELECT entity FROM spelling JOIN key ON key.id = spelling.key WHERE spelling.folded = ?', foldName(nameOrId.trim())),
  ];
  for (const attempt of tries) {
    const rows = attempt();
    if (rows.length > 0) return rows;
  }
  return [];
}

/** Columns of a document's summary. */
export const DOCUMENT = 'doc, id, loader, reader, media_type, size, title, year, venue, characters, sentences, mentions, relations';

export interface DocumentRow {
  readonly doc: number;
  readonly id: string;
  readonly loader: string;
  readonly reader: string;
  readonly media_type: string | null;
  readonly size: number | null;
  readonly title: string | null;
  readonly year: number | null;
  readonly venue: string | null;
  readonly characters: number;
  readonly sentences: number;
  readonly mentions: number;
  readonly relations: number;
}

export function documentSummary(sql: Sql, row: DocumentRow): DocumentSummary {
  const { doc, media_type: mediaType, size: sizeBytes, ...rest } = row;
  return { ...rest, mediaType, sizeBytes, names: namesOf(sql, doc) };
}

export function namesOf(sql: Sql, doc: number): string[] {
  return sql.all<{ name: string }>('SELECT name FROM document_name WHERE doc = ? ORDER BY name', doc).map((row) => row.name);
}

export function documentNumber(sql: Sql, id: string): number {
  const row = sql.get<{ doc: number }>('SELECT doc FROM document WHERE id = ?', id);
  if (!row) throw new NotFoundError(`document ${JSON.stringify(id)}: expected a document of this workspace, got none; list the documents [NOT_FOUND]`);
  return row.doc;
}

/** A question's own small memory of documents' texts: sources of one answer often share a document. */
export function textsOf(sql: Sql): (doc: number) => { readonly id: string; readonly name: string | null; readonly text: string } {
  const seen = new Map<number, { id: string; name: string | null; text: string }>();
  return (doc) => {
    let found = seen.get(doc);
    if (!found) {
      found = sql.get<{ id: string; name: string | null; text: string }>(
        'SELECT document.id, (SELECT min(name) FROM document_name WHERE document_name.doc = document.doc) AS name, body.text FROM document JOIN body USING (doc) WHERE doc = ?',
        doc,
      )!;
      seen.set(doc, found);
    }
    return found;
  };
}

/** The page on which a position stands, null without pages. */
export function pageAt(sql: Sql, doc: number, position: number): number | null {
  return sql.get<{ page: number }>('SELECT page FROM page WHERE doc = ? AND first <= ? ORDER BY first DESC LIMIT 1', doc, position)?.page ?? null;
}

/** Four decimals. */
export function round4(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
