import { join, part } from './components.ts';
import { type Change, findKey, keyOf, majorityKind, stateOf } from './keys.ts';
import { dependants, type Edge, edgesOf } from './rules.ts';

/**
 * Brings edges, entities and facts into line with the keys that a change touched. Only what depends on them is looked at, and the outcome is the one that a
 * graph made from nothing would have: every step is a function of states, not of history.
 */
export function settle(change: Change): void {
  const { sql } = change;
  const look = new Set(change.names);
  const gone: number[] = [];
  for (const [id, before] of change.before) {
    const after = stateOf(change, id);
    const { key, folded } = keyOf(sql, id);
    if (!after.exists) gone.push(id);
    if (before.exists === after.exists && before.kind === after.kind && before.rare === after.rare && before.frequent === after.frequent) continue;
    look.add(key);
    for (const name of dependants(change, key, folded, before, after)) look.add(name);
  }
  // Most of these thousands of names are nobody's: asked for in one go, they cost a fifth.
  const rows = sql.all<{ id: number }>('SELECT key.id FROM json_each(?) AS name JOIN key ON key.key = name.value ORDER BY name.id', JSON.stringify([...look]));
  const plans = rows.map(({ id }) => plan(change, id));
  // all that goes before anything that comes, so that no component grows only to fall apart
  for (const { id, drop } of plans) {
    for (const edge of drop) {
      sql.run('DELETE FROM edge WHERE a = ? AND reason = ? AND b = ?', id, edge.reason, edge.b);
      if (edge.status === 'merged' && !isMerged(change, id, edge.b)) part(change, id, edge.b);
    }
  }
  for (const { id, add } of plans) {
    for (const edge of add) {
      sql.run('INSERT INTO edge (a, reason, b, status) VALUES (?, ?, ?, ?)', id, edge.reason, edge.b, edge.status);
      if (edge.status === 'merged') join(change, id, edge.b);
    }
  }
  for (const { id, add, drop } of plans) {
    if (add.length + drop.length === 0) continue;
    sql.run("UPDATE key SET outgoing = EXISTS (SELECT 1 FROM edge WHERE a = ?1 AND +status = 'merged' AND reason <> 'spelling') WHERE id = ?1", id);
    change.entities.add(keyOf(sql, id).entity);
  }
  for (const fact of change.facts) refreshFact(change, fact);
  for (const id of gone) dropKey(change, id);
  for (const entity of change.entities) refreshEntity(change, entity);
  refreshHidden(change);
}

interface Plan {
  readonly id: number;
  readonly add: readonly Edge[];
  readonly drop: readonly Edge[];
}

function plan(change: Change, id: number): Plan {
  const state = stateOf(change, id);
  const wanted = state.exists ? edgesOf(change, keyOf(change.sql, id), state) : [];
  const present = change.sql.all<Edge>('SELECT b, reason, status FROM edge WHERE a = ?', id);
  const same = (x: Edge) => (y: Edge) => x.b === y.b && x.reason === y.reason && x.status === y.status;
  return { id, add: wanted.filter((edge) => !present.some(same(edge))), drop: present.filter((edge) => !wanted.some(same(edge))) };
}

function isMerged(change: Change, a: number, b: number): boolean {
  return (
    change.sql.get(
      "SELECT 1 FROM edge WHERE a = ? AND b = ? AND status = 'merged' UNION SELECT 1 FROM edge WHERE a = ? AND b = ? AND status = 'merged'",
      a,
      b,
      b,
      a,
    ) !== undefined
  );
}

/** Counts a fact again from its relation mentions. */
function refreshFact(change: Change, fact: string): void {
  const { sql } = change;
  const [s, label, o] = fact.split('|').map(Number) as [number, number, number];
  const now = sql.get<{ support: number; documents: number; weight: number | null }>(
    'SELECT count(*) AS support, count(DISTINCT doc) AS documents, sum(weight) AS weight FROM relation WHERE s = ? AND label = ? AND o = ?',
    s,
    label,
    o,
  )!;
  const had = sql.get<{ id: number; hidden: number }>('SELECT id, hidden FROM fact WHERE s = ? AND label = ? AND o = ?', s, label, o);
  if (now.support === 0 || s === o) {
    if (!had) return;
    sql.run('DELETE FROM fact WHERE id = ?', had.id);
    if (had.hidden === 0) countFact(change, s, o, -1);
  } else if (had) sql.run('UPDATE fact SET support = ?, documents = ?, weight = ? WHERE id = ?', now.support, now.documents, now.weight, had.id);
  else {
    sql.run(
      'INSERT INTO fact (s, label, o, support, documents, weight, hidden) VALUES (?, ?, ?, ?, ?, ?, 0)',
      s,
      label,
      o,
      now.support,
      now.documents,
      now.weight,
    );
    countFact(change, s, o, 1);
  }
}

function countFact(change: Change, s: number, o: number, n: number): void {
  for (const entity of [s, o]) change.sql.run('UPDATE entity SET facts = facts + ? WHERE entity = ?', n, entity);
}

function dropKey(change: Change, id: number): void {
  const { sql } = change;
  change.entities.add(keyOf(sql, id).entity);
  sql.run('DELETE FROM name_words WHERE rowid = ?', 2 * id);
  sql.run('DELETE FROM key WHERE id = ?', id);
}

/** Chooses an entity's canonical key, name and kind, or removes it when no key is left. */
function refreshEntity(change: Change, entity: number): void {
  const { sql, state } = change;
  // a name that gave way to another is canonical only when all did
  const key = sql.get<{ id: number; key: string }>('SELECT id, key FROM key WHERE entity = ? ORDER BY outgoing, mentions DESC, key LIMIT 1', entity);
  if (!key) {
    sql.run('DELETE FROM entity WHERE entity = ?', entity);
    return;
  }
  const spelling = sql.get<{ surface: string }>('SELECT surface FROM spelling WHERE key = ? ORDER BY own DESC, n DESC, surface LIMIT 1', key.id);
  const override = decided(change, entity, state.renames);
  const kind = decided(change, entity, state.kinds) ?? majorityKind(sql, 'entity', entity);
  const name = override ?? spelling?.surface ?? key.key;
  sql.run('UPDATE entity SET key = ?, canonical = ?, name = ?, kind = ? WHERE entity = ?', key.id, key.key, name, kind, entity);
}

/** The last decision about any name of an entity. */
function decided(change: Change, entity: number, decisions: ReadonlyMap<string, string>): string | undefined {
  let found: string | undefined;
  for (const [name, value] of decisions) if (findKey(change.sql, name)?.entity === entity) found = value;
  return found;
}

/** Marks the facts that the user called wrong, wherever their names are now. */
function refreshHidden(change: Change): void {
  const { sql, state } = change;
  const wanted = new Set<number>();
  for (const { subject, relation, object } of state.hidden) {
    const [s, o] = [findKey(sql, subject)?.entity, findKey(sql, object)?.entity];
    if (s === undefined || o === undefined) continue;
    for (const { id } of sql.all<{ id: number }>(
      `SELECT fact.id FROM fact JOIN label ON label.id = fact.label WHERE label.label = ?1
       AND ((s = ?2 AND o = ?3) OR (s = ?3 AND o = ?2 AND label.label IN ('COMPARE', 'CONJUNCTION')))`,
      relation,
      s,
      o,
    ))
      wanted.add(id);
  }
  const hidden = sql.all<{ id: number; s: number; o: number }>('SELECT id, s, o FROM fact WHERE hidden = 1');
  const had = new Set(hidden.map((row) => row.id));
  for (const { id, s, o } of hidden) if (!wanted.has(id)) setHidden(change, id, s, o, 0);
  for (const id of wanted) {
    if (had.has(id)) continue;
    const { s, o } = sql.get<{ s: number; o: number }>('SELECT s, o FROM fact WHERE id = ?', id)!;
    setHidden(change, id, s, o, 1);
  }
}

function setHidden(change: Change, id: number, s: number, o: number, hidden: 0 | 1): void {
  change.sql.run('UPDATE fact SET hidden = ? WHERE id = ?', hidden, id);
  countFact(change, s, o, hidden ? -1 : 1);
}
