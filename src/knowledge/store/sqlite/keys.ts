import { createHash } from 'node:crypto';
import { foldName } from '../../names/normalise.ts';
import type { DecisionState } from '../decision-state.ts';
import type { Sql } from './sql.ts';

/** A normalised name as the rules see it. It exists while a mention bears it. */
export interface Key {
  readonly id: number;
  readonly key: string;
  readonly folded: string;
  readonly entity: number;
  readonly mentions: number;
  readonly documents: number;
}

/** What of a key other keys' rules depend on. */
export interface KeyState {
  readonly exists: boolean;
  readonly kind: string;
  readonly rare: boolean;
  readonly frequent: boolean;
}

/** One change of the store: what was touched, and how it was before. */
export interface Change {
  readonly sql: Sql;
  state: DecisionState;
  /** Key id → its state when first touched. */
  readonly before: Map<number, KeyState>;
  /** Normalised names whose rules must be looked at again, whatever their state. */
  readonly names: Set<string>;
  /** "s|label|o" by entity numbers. */
  readonly facts: Set<string>;
  readonly entities: Set<number>;
}

export function beginChange(sql: Sql, state: DecisionState): Change {
  return { sql, state, before: new Map(), names: new Set(), facts: new Set(), entities: new Set() };
}

/** Content id of an entity whose canonical name this is. */
export function entityId(key: string): string {
  return `e${createHash('sha256').update(key).digest('hex').slice(0, 16)}`;
}

/** The key of this name if a mention bears it. */
export function findKey(sql: Sql, name: string): Key | undefined {
  return sql.get<Key>('SELECT id, key, folded, entity, mentions, documents FROM key WHERE key = ? AND mentions > 0', name);
}

export function keyOf(sql: Sql, id: number): Key {
  return sql.get<Key>('SELECT id, key, folded, entity, mentions, documents FROM key WHERE id = ?', id)!;
}

/** The key row of this name, made if there is none, in an entity of its own. */
export function makeKey(change: Change, name: string): number {
  const { sql } = change;
  const found = sql.get<{ id: number }>('SELECT id FROM key WHERE key = ?', name);
  if (found) return found.id;
  const { id: entity } = sql.run('INSERT INTO entity DEFAULT VALUES');
  const { id } = sql.run('INSERT INTO key (key, hash, folded, entity) VALUES (?, ?, ?, ?)', name, entityId(name), foldName(name), entity);
  sql.run('INSERT INTO name_words (rowid, name) VALUES (?, ?)', 2 * id, name);
  return id;
}

export function stateOf(change: Change, id: number): KeyState {
  const { mentions, documents } = keyOf(change.sql, id);
  const { contains, threshold } = change.state.settings;
  return {
    exists: mentions > 0,
    kind: mentions > 0 ? majorityKind(change.sql, 'key', id) : '',
    rare: mentions > 0 && documents <= (contains === 'paper' ? threshold : 1),
    frequent: documents > threshold,
  };
}

/** Remembers how a key was before this change. */
export function touchKey(change: Change, id: number): void {
  if (!change.before.has(id)) change.before.set(id, stateOf(change, id));
}

/** Commonest kind of a key's or an entity's mentions; OtherScientificTerm gives way to any other, and ties fall in alphabetical order. Source: sciie.md §6.2. */
export function majorityKind(sql: Sql, of: 'key' | 'entity', id: number): string {
  const row = sql.get<{ kind: string }>(
    of === 'key'
      ? "SELECT kind FROM key_kind WHERE key = ? ORDER BY kind IN ('OtherScientificTerm', 'Generic'), n DESC, kind LIMIT 1"
      : "SELECT kind FROM entity_kind WHERE entity = ? ORDER BY kind IN ('OtherScientificTerm', 'Generic'), n DESC, kind LIMIT 1",
    id,
  );
  return row?.kind ?? 'OtherScientificTerm';
}
