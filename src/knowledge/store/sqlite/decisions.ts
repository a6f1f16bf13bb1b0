import { FormatError, NotFoundError } from '../../errors.ts';
import type { Decision, LoggedDecision } from '../contract.ts';
import { type DecisionState, decisionState, normaliseDecision } from '../decision-state.ts';
import { type Change, findKey } from './keys.ts';
import { findEntityRows } from './rows.ts';
import type { Sql } from './sql.ts';

/** The log as it stands; a decision is in force unless a later one that is in force takes it back. */
export function readLog(sql: Sql): LoggedDecision[] {
  const rows = sql.all<{ number: number; at: string; decision: string }>('SELECT number, at, decision FROM decision ORDER BY number');
  const undone = new Set<number>();
  const log = rows.map((row) => ({ number: row.number, at: row.at, decision: JSON.parse(row.decision) as Decision }));
  for (const { number, decision } of log.toReversed())
    if (decision.type === 'undo' && decision.number < number && !undone.has(number)) undone.add(decision.number);
  return log.map((entry) => ({ ...entry, undone: undone.has(entry.number) }));
}

export function readState(sql: Sql): DecisionState {
  return decisionState(readLog(sql));
}

/** Turns spellings and ids into normalised names of this graph, and fills in what a split leaves behind. */
export function aimDecision(sql: Sql, given: Decision): Decision {
  const name = (text: string): string => aim(sql, text);
  switch (given.type) {
    case 'merge':
      return normaliseDecision({ type: 'merge', names: given.names.map(name) });
    case 'split': {
      const names = given.names.map(name);
      const entities = new Set(names.map((key) => findKey(sql, key)!.entity));
      if (entities.size !== 1)
        throw new FormatError(`decision split: expected names of one entity, got ${JSON.stringify(given.names)}; split one entity at a time [FORMAT]`);
      const all = sql.all<{ key: string }>('SELECT key FROM key WHERE entity = ? ORDER BY outgoing, mentions DESC, key', [...entities][0]!);
      const rest = all.map((row) => row.key).filter((key) => !names.includes(key));
      if (rest.length === 0) throw new FormatError(`decision split: expected some of the entity's names, got all of them; leave at least one out [FORMAT]`);
      return normaliseDecision({ type: 'split', names, rest });
    }
    case 'reject':
      return normaliseDecision({ type: 'reject', names: [name(given.names[0]), name(given.names[1])] });
    case 'kind':
      return normaliseDecision({ ...given, name: name(given.name) });
    case 'rename':
      return normaliseDecision({ ...given, name: name(given.name) });
    case 'hide':
      return normaliseDecision({ ...given, subject: name(given.subject), object: name(given.object) });
    case 'undo': {
      const target = readLog(sql).find((entry) => entry.number === given.number);
      if (!target) throw new NotFoundError(`decision ${given.number}: expected a decision of this workspace, got none; list the decisions [NOT_FOUND]`);
      if (target.undone)
        throw new FormatError(`decision ${given.number}: expected one that is in force, got one taken back already; list the decisions [FORMAT]`);
      return given;
    }
    case 'setting':
      return normaliseDecision(given);
  }
}

function aim(sql: Sql, text: string): string {
  const rows = findEntityRows(sql, text);
  if (rows.length === 0) throw new NotFoundError(`decision: expected a name of this graph, got ${JSON.stringify(text)}; search for it [NOT_FOUND]`);
  if (rows.length > 1) {
    const names = rows.map((row) => JSON.stringify(row.canonical)).join(', ');
    throw new FormatError(`decision: expected one entity, got ${JSON.stringify(text)}, which may be ${names}; give one of these [FORMAT]`);
  }
  const exact = normaliseDecision({ type: 'kind', name: text, kind: 'x' });
  const key = exact.type === 'kind' ? findKey(sql, exact.name) : undefined;
  return key?.key ?? rows[0]!.canonical;
}

/** Appends to the log and marks everything whose standing may differ; `settle` does the rest. */
export function appendDecision(change: Change, decision: Decision, at: string): number {
  const { sql } = change;
  const before = change.state;
  const number = (sql.get<{ n: number | null }>('SELECT max(number) AS n FROM decision')!.n ?? 0) + 1;
  sql.run('INSERT INTO decision (number, at, decision) VALUES (?, ?, ?)', number, at, JSON.stringify(decision));
  change.state = readState(sql);
  const names = new Set([...before.names, ...change.state.names].filter((name) => differs(decision, sql, name)));
  const { settings } = change.state;
  if (settings.contains !== before.settings.contains || settings.threshold !== before.settings.threshold) {
    for (const { key } of sql.all<{ key: string }>('SELECT key FROM key')) change.names.add(key);
  }
  for (const name of names) {
    const key = findKey(sql, name);
    change.names.add(name);
    if (!key) continue;
    change.entities.add(key.entity);
    for (const { a } of sql.all<{ a: string }>('SELECT key.key AS a FROM edge JOIN key ON key.id = edge.a WHERE edge.b = ?', key.id)) change.names.add(a);
    for (const partner of [...before.linkPartners(name), ...change.state.linkPartners(name)]) change.names.add(partner);
  }
  return number;
}

/** Whether a decision, or the one it takes back (through any number of undos), names this name. */
function differs(decision: Decision, sql: Sql, name: string): boolean {
  let last: Decision | undefined = decision;
  for (let above = Number.POSITIVE_INFINITY; last?.type === 'undo'; ) {
    if (last.number >= above) return false;
    above = last.number;
    const row: { decision: string } | undefined = sql.get<{ decision: string }>('SELECT decision FROM decision WHERE number = ?', last.number);
    last = row && (JSON.parse(row.decision) as Decision);
  }
  return last !== undefined && decisionState([{ number: 1, at: '', decision: last, undone: false }]).names.has(name);
}
