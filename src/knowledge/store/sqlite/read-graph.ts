import type { SQLInputValue } from 'node:sqlite';
import { foldName } from '../../names/normalise.ts';
import { SYMMETRIC } from '../../reading.ts';
import type { GraphArrays, SearchHit, Store, Subgraph } from '../contract.ts';
import { type FactRow, factId, labelsOf, scoreOf } from './read-facts.ts';
import { ENTITY, ENTITY_FROM, type EntityRow, entityRow, summary } from './rows.ts';
import type { Sql } from './sql.ts';

/** With more hits of the word index than this, the best-known entities are asked first. */
const HITS = 250;
/** So many of them are looked at. */
const BEST_KNOWN = 2000;

/** Words of a query as the word index understands them: letters and digits only, so that nothing of its query language comes through. */
export function queryWords(text: string): string[] {
  return (
    text
      .toWellFormed()
      .normalize('NFKC')
      .match(/[\p{L}\p{N}\p{M}]+/gu) ?? []
  ).slice(0, 12);
}

/** Entities whose names hold words that begin with the query's words: the same name first, then by mentions. */
export function search(sql: Sql, text: string, query: { readonly limit?: number; readonly kind?: string } = {}): SearchHit[] {
  const { limit = 20, kind = null } = query;
  const words = queryWords(text);
  if (words.length === 0) return [];
  type Row = EntityRow & { readonly matched: string };
  const found = new Map<number, Row>();
  const gather = (rows: Iterable<Row>): void => {
    for (const row of rows) if (!found.has(row.entity)) found.set(row.entity, row);
  };
  const rowsOf = (hits: string, ...values: SQLInputValue[]): Row[] =>
    sql.all<Row>(
      `SELECT ${ENTITY}, coalesce(max(hit.matched), ck.key) AS matched FROM (${hits}) AS hit CROSS JOIN key AS hk ON hk.id = hit.key
       CROSS JOIN entity ON entity.entity = hk.entity CROSS JOIN key AS ck ON ck.id = entity.key
       WHERE ?1 IS NULL OR entity.kind = ?1 GROUP BY entity.entity ORDER BY +entity.mentions DESC, entity.canonical LIMIT ?2`,
      kind,
      limit,
      ...values,
    );
  gather(rowsOf('SELECT key, surface AS matched FROM spelling WHERE folded = ?3 UNION ALL SELECT id, NULL FROM key WHERE folded = ?3', foldName(text.trim())));
  const match = words.map((word) => `"${word}"*`).join(' ');
  // a single letter is the beginning of too much to be looked up
  const single = words.every((word) => word.length === 1);
  const hits = single ? [] : sql.all<{ r: number }>('SELECT rowid AS r FROM name_words WHERE name_words MATCH ? LIMIT ?', match, HITS + 1);
  const broad = single || hits.length > HITS;
  if (broad) gather(bestKnown(sql, words.map(foldName), kind, limit));
  if (!broad || found.size < limit) {
    const numbers = JSON.stringify(hits.map((hit) => hit.r));
    gather(
      rowsOf(
        `SELECT value / 2 AS key, NULL AS matched FROM json_each(?3) WHERE value % 2 = 0
         UNION ALL SELECT key, surface FROM spelling WHERE id IN (SELECT value / 2 FROM json_each(?3) WHERE value % 2 = 1)`,
        numbers,
      ),
    );
  }
  return [...found.values()].slice(0, limit).map((row) => ({ ...summary(row), matched: row.matched }));
}

/** The entities with most mentions whose canonical names hold words with these beginnings. */
function bestKnown(sql: Sql, starts: readonly string[], kind: string | null, limit: number): (EntityRow & { matched: string })[] {
  const rows: (EntityRow & { matched: string })[] = [];
  const known = sql.each<EntityRow>(
    `SELECT ${ENTITY} FROM entity CROSS JOIN key AS ck ON ck.id = entity.key WHERE ${kind === null ? '? IS NULL' : 'kind = ?'} ORDER BY entity.mentions DESC, entity.canonical LIMIT ?`,
    kind,
    BEST_KNOWN,
  );
  for (const row of known) {
    const name = ` ${row.canonical.toLowerCase()}`;
    if (!starts.every((start) => name.includes(` ${start}`))) continue;
    rows.push({ ...row, matched: row.canonical });
    if (rows.length === limit) break;
  }
  return rows;
}

/** How many facts of each end of an entity a walk looks at, and how many outermost entities are asked about each other. */
const FAN = 40;

export function neighbourhood(sql: Sql, id: string, query: Parameters<Store['neighbourhood']>[1] = {}): Subgraph {
  const { hops = 1, limit = 100, minSupport = 1, relation } = query;
  const root = entityRow(sql, id);
  const label = relation === undefined ? null : (sql.get<{ id: number }>('SELECT id FROM label WHERE label = ?', relation)?.id ?? -1);
  const chosen = new Map<number, number>([[root.entity, 0]]);
  const found = new Map<string, FactRow>();
  const around = (entity: number, fan: number): FactRow[] => {
    const side = (column: 's' | 'o'): string =>
      `SELECT * FROM (SELECT s, label, o, support, documents, weight FROM fact WHERE ${column} = ?1 AND hidden = 0 AND support >= ?2 AND (?3 IS NULL OR label = ?3)
       ORDER BY documents DESC, support DESC, weight DESC LIMIT ?4)`;
    return sql.all<FactRow>(`${side('s')} UNION ALL ${side('o')}`, entity, minSupport, label, fan);
  };
  let frontier = [root.entity];
  let truncated = false;
  for (let hop = 1; hop <= hops && frontier.length > 0; hop++) {
    const candidates = frontier.flatMap((entity) => around(entity, hop === 1 ? limit : FAN));
    candidates.sort((a, b) => b.documents - a.documents || b.support - a.support || b.weight - a.weight);
    const next: number[] = [];
    for (const fact of candidates) {
      for (const end of [fact.s, fact.o]) {
        if (chosen.has(end)) continue;
        if (chosen.size >= limit) truncated = true;
        else {
          chosen.set(end, chosen.size);
          next.push(end);
        }
      }
      if (chosen.has(fact.s) && chosen.has(fact.o)) found.set(`${fact.s}|${fact.label}|${fact.o}`, fact);
    }
    frontier = next;
  }
  // what the outermost entities say to each other, as far as it is among their best supported
  for (const entity of frontier.slice(0, FAN)) {
    for (const fact of around(entity, FAN / 4)) {
      if (chosen.has(fact.s) && chosen.has(fact.o)) found.set(`${fact.s}|${fact.label}|${fact.o}`, fact);
    }
  }
  if (root.facts > found.size && hops === 1) truncated ||= root.facts > limit;
  const facts = Array.from(found.values(), ({ s, label, o, support, weight }): FactTuple => [s, label, o, support, weight]);
  return subgraph(sql, chosen, facts, truncated);
}

type FactTuple = readonly [s: number, label: number, o: number, support: number, weight: number];

function subgraph(sql: Sql, chosen: ReadonlyMap<number, number>, facts: readonly FactTuple[], truncated: boolean): Subgraph {
  const labels = labelsOf(sql);
  const rows = sql.all<EntityRow>(
    `SELECT ${ENTITY} FROM json_each(?) AS wanted CROSS JOIN entity ON entity.entity = wanted.value CROSS JOIN key AS ck ON ck.id = entity.key ORDER BY wanted.key`,
    JSON.stringify([...chosen.keys()]),
  );
  return {
    entities: rows.map(summary),
    facts: facts.map(([subject, label, object, support, weight]) => {
      const relation = labels.get(label)!;
      let [s, o] = [chosen.get(subject)!, chosen.get(object)!];
      if (SYMMETRIC.has(relation) && rows[s]!.canonical > rows[o]!.canonical) [s, o] = [o, s];
      return { id: factId(rows[s]!.id, relation, rows[o]!.id), subject: s, object: o, relation, support, score: scoreOf(weight) };
    }),
    truncated,
  };
}

/**
 * Facts between these entities (null: between any), in the order of `best`, of which the first `most` are asked. Walking the index costs eight times what
 * a row costs when the whole table is gone through, so a table of less than twice `most` rows is gone through instead, and no fact is left out.
 */
function factsAmong(sql: Sql, entities: readonly number[] | null, best: string, most: number, minSupport: number, kinds: string | null): FactTuple[] {
  const columns = 's, label, o, support, weight';
  if (!entities) return sql.tuples<FactTuple>(`SELECT ${columns} ${best}`, minSupport, kinds);
  const { rows } = sql.get<{ rows: number }>('SELECT coalesce(max(id), 0) AS rows FROM fact')!;
  const list = JSON.stringify(entities);
  const among = (parameter: string) => ['s', 'o'].map((end) => `+${end} IN (SELECT value FROM json_each(${parameter}))`).join(' AND ');
  return rows < 2 * most
    ? sql.tuples<FactTuple>(
        `SELECT ${columns} FROM fact NOT INDEXED WHERE hidden = 0 AND support >= ?1 AND ${among('?2')} ORDER BY documents DESC, support DESC, weight DESC`,
        minSupport,
        list,
      )
    : sql.tuples<FactTuple>(`SELECT * FROM (SELECT ${columns} ${best} LIMIT ?3) WHERE ${among('?4')}`, minSupport, kinds, most, list);
}

/** Beyond the facts that brought in an entity, so many for each are asked whether they join two that are there. */
const MORE_FACTS = 20;

/** The best-supported facts and their entities, until `limit` entities are on the page; entities without facts fill what room is left. */
export function overview(sql: Sql, query: Parameters<Store['overview']>[0] = {}): Subgraph {
  const { limit = 1000, minSupport = 1, kinds = null } = query;
  const wanted = kinds && JSON.stringify(kinds);
  const ofKind = kinds === null ? '' : 'IN (SELECT entity FROM entity WHERE kind IN (SELECT value FROM json_each(?2)))';
  const best = `FROM fact WHERE hidden = 0 AND support >= ?1 AND ${kinds === null ? '?2 IS NULL' : `s ${ofKind} AND o ${ofKind}`} ORDER BY documents DESC, support DESC, weight DESC`;
  const chosen = new Map<number, number>();
  let truncated = false;
  let looked = 0;
  let left = MORE_FACTS * limit;
  for (const [s, o] of sql.eachTuple<[s: number, o: number]>(`SELECT s, o ${best}`, minSupport, wanted)) {
    looked++;
    const more = [s, o].filter((end) => !chosen.has(end));
    if (chosen.size + more.length <= limit) for (const end of more) chosen.set(end, chosen.size);
    else {
      truncated = true;
      if (chosen.size === limit || --left < 0) break;
    }
  }
  const facts = factsAmong(sql, truncated ? [...chosen.keys()] : null, best, looked + left, minSupport, wanted);
  if (minSupport <= 1 && !(truncated && chosen.size === limit)) {
    const rest = sql.tuples<[entity: number]>(
      `SELECT entity FROM entity WHERE ${kinds === null ? '?1 IS NULL' : 'kind IN (SELECT value FROM json_each(?1))'} ORDER BY mentions DESC, canonical LIMIT ?2`,
      wanted,
      chosen.size + limit + 1,
    );
    for (const [entity] of rest) {
      if (chosen.has(entity)) continue;
      if (chosen.size >= limit) {
        truncated = true;
        break;
      }
      chosen.set(entity, chosen.size);
    }
  }
  return subgraph(sql, chosen, facts, truncated);
}

/** The whole graph as compact arrays, in an order that depends on names alone. */
export function arrays(sql: Sql): GraphArrays {
  const ids: string[] = [];
  const names: string[] = [];
  const kinds: string[] = [];
  const index = new Map<number, number>();
  for (const row of sql.each<EntityRow>(`SELECT ${ENTITY} FROM ${ENTITY_FROM} ORDER BY entity.canonical`)) {
    index.set(row.entity, ids.length);
    ids.push(row.id);
    names.push(row.name);
    kinds.push(row.kind);
  }
  const labels = sql.all<{ id: number; label: string }>('SELECT id, label FROM label WHERE id IN (SELECT label FROM fact WHERE hidden = 0) ORDER BY label');
  const position = new Map(labels.map((label, at) => [label.id, at]));
  const symmetric = labels.map((label) => SYMMETRIC.has(label.label));
  const rows: [number, number, number, number][] = [];
  for (const fact of sql.each<FactRow>('SELECT s, label, o, support FROM fact WHERE hidden = 0')) {
    const [s, o, label] = [index.get(fact.s)!, index.get(fact.o)!, position.get(fact.label)!];
    rows.push(symmetric[label] && s > o ? [o, label, s, fact.support] : [s, label, o, fact.support]);
  }
  rows.sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]);
  return {
    ids,
    names,
    kinds,
    subject: Uint32Array.from(rows, (row) => row[0]),
    object: Uint32Array.from(rows, (row) => row[2]),
    support: Uint32Array.from(rows, (row) => row[3]),
    relation: labels.map((label) => label.label),
    relationOf: Uint8Array.from(rows, (row) => row[1]),
  };
}
