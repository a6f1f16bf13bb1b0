import { HEAD_NOUNS, pluralsOf, singularsOf, stripHead, wordParts } from '../../names/normalise.ts';
import type { Merge } from '../contract.ts';
import { type Change, findKey, type Key, type KeyState, majorityKind } from './keys.ts';
import type { Sql } from './sql.ts';

/** Why a key is one with another. */
export interface Edge {
  readonly b: number;
  readonly reason: Merge['reason'];
  readonly status: Merge['status'];
}

/** What an acronym needs to be merged unasked: this share of its definitions in agreement, and two documents that define it or this many letters. */
const ACRONYM_SHARE = 0.75;
const ACRONYM_LETTERS = 3;
/** Shorter names may differ by case and spaces and mean different things ("US", "us"). */
const SPELLING_LENGTH = 5;

/** The edges that lead from a key: a function of its neighbours' states and of the decisions, of nothing else. */
export function edgesOf(change: Change, key: Key, self: KeyState): Edge[] {
  const { sql, state } = change;
  const edges = new Map<string, Edge>();
  const add = (reason: Merge['reason'], to: Key, free: 'merged' | 'proposed'): void => {
    const verdict = state.verdict(key.key, to.key);
    if (verdict === 'linked') return; // the user's own edge stands for it
    edges.set(`${reason} ${to.id}`, { b: to.id, reason, status: verdict === 'cut' ? 'rejected' : free });
  };

  if (key.folded.length >= SPELLING_LENGTH) {
    const group = sql.get<Key>(
      'SELECT id, key, folded, entity, mentions, documents FROM key WHERE folded = ? AND mentions > 0 AND key < ? ORDER BY key DESC LIMIT 1',
      key.folded,
      key.key,
    );
    if (group) add('spelling', group, 'merged');
  }
  for (const singular of singularsOf(key.key)) {
    const to = findKey(sql, singular);
    if (to) {
      add('plural', to, 'merged');
      break;
    }
  }
  const stem = stripHead(key.key);
  const known = stem === null ? undefined : findKey(sql, stem);
  if (known) add('head noun', known, majorityKind(sql, 'key', known.id) === self.kind ? 'merged' : 'proposed');
  const full = fullName(sql, key.key);
  if (full && full.to.id !== key.id) add('acronym', full.to, full.sure ? 'merged' : 'proposed');
  if (self.rare && state.settings.contains !== 'off') {
    const careful = state.settings.contains === 'careful';
    for (const part of wordParts(key.key, careful)) {
      if (careful && !part.includes(' ')) break;
      if (!/[\p{L}\p{N}]/u.test(part)) continue; // the word index knows letters and digits only
      const to = findKey(sql, part);
      if (to && to.documents > state.settings.threshold) {
        add('contains', to, 'merged');
        break;
      }
    }
  }
  for (const { b } of sql.all<{ b: string }>('SELECT DISTINCT b FROM pair WHERE a = ?', key.key)) {
    const to = findKey(sql, b);
    if (to && to.id !== key.id) add('coreference', to, 'proposed');
  }
  for (const name of state.linksFrom(key.key)) {
    const to = findKey(sql, name);
    if (to) edges.set(`user ${to.id}`, { b: to.id, reason: 'user', status: 'merged' });
  }
  return [...edges.values()];
}

/** The full name that documents define for an acronym (or its plural), and whether enough of them agree. */
export function fullName(
  sql: Sql,
  name: string,
): { readonly to: Key; readonly documents: number; readonly all: number; readonly sure: boolean; readonly short: string } | undefined {
  for (const short of /\p{Lu}s$/u.test(name) ? [name, name.slice(0, -1)] : [name]) {
    if (short.includes(' ')) continue;
    const pools = sql.all<{ pooled: string; documents: number }>(
      'SELECT pooled, count(DISTINCT doc) AS documents FROM definition WHERE short = ? GROUP BY pooled ORDER BY documents DESC, pooled',
      short,
    );
    const all = pools.reduce((sum, { documents }) => sum + documents, 0);
    for (const { pooled, documents } of pools) {
      const written = sql.all<{ full_key: string }>('SELECT DISTINCT full_key FROM definition WHERE short = ? AND pooled = ? ORDER BY full_key', short, pooled);
      for (const candidate of [pooled, ...written.map((row) => row.full_key)]) {
        const to = findKey(sql, candidate);
        if (to) return { to, documents, all, short, sure: documents >= ACRONYM_SHARE * all && (documents > 1 || short.length >= ACRONYM_LETTERS) };
      }
    }
  }
  return undefined;
}

/** Names whose rules may answer differently because this key came, went, changed its kind or its frequency. */
export function dependants(change: Change, key: string, folded: string, before: KeyState, after: KeyState): string[] {
  const { sql } = change;
  const names: string[] = [];
  const existence = before.exists !== after.exists;
  if (existence) {
    names.push(...pluralsOf(key));
    if (folded.length >= SPELLING_LENGTH) names.push(...sql.all<{ key: string }>('SELECT key FROM key WHERE folded = ?', folded).map((row) => row.key));
    for (const { short } of sql.all<{ short: string }>(
      'SELECT short FROM definition WHERE full_key = ? UNION SELECT short FROM definition WHERE pooled = ?',
      key,
      key,
    ))
      names.push(short, `${short}s`);
    names.push(...sql.all<{ a: string }>('SELECT DISTINCT a FROM pair WHERE b = ?', key).map((row) => row.a));
    names.push(...change.state.linkPartners(key));
  }
  if (existence || before.kind !== after.kind) names.push(...HEAD_NOUNS.map((noun) => `${key} ${noun}`));
  if (before.frequent !== after.frequent) names.push(...containing(change, key));
  return names;
}

/** Keys of which this one is a part by whole words (by their ends, under the careful rule). */
function containing(change: Change, part: string): string[] {
  const { contains } = change.state.settings;
  if (contains === 'off' || (contains === 'careful' && !part.includes(' '))) return [];
  const phrase = `"${part.replaceAll('"', '""')}"`;
  const rows = change.sql.all<{ key: string }>(
    'SELECT key.key FROM name_words JOIN key ON key.id = name_words.rowid / 2 WHERE name_words MATCH ? AND name_words.rowid % 2 = 0',
    phrase,
  );
  return rows.map((row) => row.key).filter((key) => (contains === 'careful' ? key.endsWith(` ${part}`) : ` ${key} `.includes(` ${part} `)) && key !== part);
}
