import { SYMMETRIC } from '../../reading.ts';
import type { Change } from './keys.ts';

/** Entities are the connected components of keys over merged edges; these keep them so, one edge at a time, moving as few keys as they can. */

/** Call after a merged edge between two keys was written. */
export function join(change: Change, a: number, b: number): void {
  const { sql } = change;
  const [ea, eb] = [entityOf(change, a), entityOf(change, b)];
  if (ea === eb) return;
  const size = (entity: number): number => sql.get<{ n: number }>('SELECT count(*) AS n FROM (SELECT 1 FROM key WHERE entity = ? LIMIT 1000)', entity)!.n;
  const [from, to] = size(ea) <= size(eb) ? [ea, eb] : [eb, ea];
  moveKeys(change, membersOf(change, from), to);
}

/** Call after a merged edge between two keys was taken away. */
export function part(change: Change, a: number, b: number): void {
  const entity = entityOf(change, a);
  if (entity !== entityOf(change, b)) return;
  for (const alone of [a, b]) {
    if (neighbours(change, alone).length > 0) continue;
    separate(change, [alone], entity);
    return;
  }
  const side = reach(change, a, b);
  if (side === null) return;
  const members = membersOf(change, entity);
  const other = members.filter((key) => !side.has(key));
  separate(change, side.size <= other.length ? [...side] : other, entity);
}

function separate(change: Change, keys: readonly number[], from: number): void {
  if (keys.length === membersOf(change, from).length) return;
  moveKeys(change, keys, change.sql.run('INSERT INTO entity DEFAULT VALUES').id);
}

/** Keys that can be reached from `start`; null as soon as `goal` is among them. */
function reach(change: Change, start: number, goal: number): Set<number> | null {
  const seen = new Set([start]);
  const queue = [start];
  for (let key = queue.pop(); key !== undefined; key = queue.pop()) {
    for (const next of neighbours(change, key)) {
      if (next === goal) return null;
      if (!seen.has(next)) {
        seen.add(next);
        queue.push(next);
      }
    }
  }
  return seen;
}

function neighbours(change: Change, key: number): number[] {
  return change.sql
    .all<{ other: number }>(
      "SELECT b AS other FROM edge WHERE a = ? AND +status = 'merged' UNION SELECT a FROM edge WHERE b = ? AND status = 'merged'",
      key,
      key,
    )
    .map((row) => row.other);
}

function membersOf(change: Change, entity: number): number[] {
  return change.sql.all<{ id: number }>('SELECT id FROM key WHERE entity = ?', entity).map((row) => row.id);
}

function entityOf(change: Change, key: number): number {
  return change.sql.get<{ entity: number }>('SELECT entity FROM key WHERE id = ?', key)!.entity;
}

/** The two ends of a relation as its fact stores them: the smaller entity first where the label has no direction. */
export function orderedEnds(label: string, subject: number, object: number): [number, number] {
  return SYMMETRIC.has(label) && subject > object ? [object, subject] : [subject, object];
}

/** Gives keys, with their mentions and relations, to another entity. */
function moveKeys(change: Change, keys: readonly number[], to: number): void {
  const { sql } = change;
  for (const key of keys) {
    const from = entityOf(change, key);
    change.entities.add(from).add(to);
    sql.run('UPDATE key SET entity = ? WHERE id = ?', to, key);
    for (const { doc, n } of sql.all<{ doc: number; n: number }>('SELECT doc, count(*) AS n FROM mention WHERE key = ? GROUP BY doc', key)) {
      countDocument(change, from, doc, -n);
      countDocument(change, to, doc, n);
    }
    for (const { kind, n } of sql.all<{ kind: string; n: number }>('SELECT kind, n FROM key_kind WHERE key = ?', key)) {
      countKind(change, from, kind, -n);
      countKind(change, to, kind, n);
    }
    const { mentions } = sql.get<{ mentions: number }>('SELECT mentions FROM key WHERE id = ?', key)!;
    sql.run('UPDATE entity SET mentions = mentions - ? WHERE entity = ?', mentions, from);
    sql.run('UPDATE entity SET mentions = mentions + ? WHERE entity = ?', mentions, to);
    const rows = sql.all<{ doc: number; n: number; label: number; name: string; s: number; o: number; es: number; eo: number }>(
      // CROSS JOIN keeps this order: from the few relations of the key, never through all relations
      `WITH own AS (SELECT doc, n FROM relation WHERE s_key = ?1 UNION SELECT doc, n FROM relation WHERE o_key = ?1)
       SELECT relation.doc, relation.n, relation.label, label.label AS name, relation.s, relation.o, ks.entity AS es, ko.entity AS eo
       FROM own CROSS JOIN relation USING (doc, n) CROSS JOIN label ON label.id = relation.label CROSS JOIN key ks ON ks.id = s_key CROSS JOIN key ko ON ko.id = o_key`,
      key,
    );
    for (const row of rows) {
      const [s, o] = orderedEnds(row.name, row.es, row.eo);
      change.facts.add(`${row.s}|${row.label}|${row.o}`).add(`${s}|${row.label}|${o}`);
      sql.run('UPDATE relation SET s = ?, o = ? WHERE doc = ? AND n = ?', s, o, row.doc, row.n);
    }
  }
}

/** Counts mentions of an entity in a document. */
export function countDocument(change: Change, entity: number, doc: number, n: number): void {
  const { sql } = change;
  const had = sql.get<{ n: number }>('SELECT n FROM entity_doc WHERE entity = ? AND doc = ?', entity, doc)?.n ?? 0;
  if (had === 0) {
    sql.run('INSERT INTO entity_doc (entity, doc, n) VALUES (?, ?, ?)', entity, doc, n);
    sql.run('UPDATE entity SET documents = documents + 1 WHERE entity = ?', entity);
  } else if (had + n === 0) {
    sql.run('DELETE FROM entity_doc WHERE entity = ? AND doc = ?', entity, doc);
    sql.run('UPDATE entity SET documents = documents - 1 WHERE entity = ?', entity);
  } else sql.run('UPDATE entity_doc SET n = ? WHERE entity = ? AND doc = ?', had + n, entity, doc);
}

/** Counts mentions of an entity that have a kind. */
export function countKind(change: Change, entity: number, kind: string, n: number): void {
  change.sql.run('INSERT INTO entity_kind (entity, kind, n) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n', entity, kind, n);
  change.sql.run('DELETE FROM entity_kind WHERE entity = ? AND kind = ? AND n = 0', entity, kind);
}
