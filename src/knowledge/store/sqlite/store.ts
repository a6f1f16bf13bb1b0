import { resolve } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { FormatError, NotFoundError, ReadOnlyError, StorageError } from '../../errors.ts';
import type { AddResult, Counts, Decision, ExportLine, LoggedDecision, OpenOptions, Store } from '../contract.ts';
import { normaliseDecision } from '../decision-state.ts';
import { aimDecision, appendDecision, readLog, readState } from './decisions.ts';
import { addDocument, loadReading, removeDocument } from './documents.ts';
import { exportLines } from './export-lines.ts';
import { settle } from './graph.ts';
import { beginChange, type Change } from './keys.ts';
import { listMerges } from './merges.ts';
import { type Connection, connect, copyTo, openForReading, prepare } from './open.ts';
import { findDocuments, listDocuments, listEntities, readDocument, readEntity, readMentions, searchSentences } from './read-documents.ts';
import { factById, queryFacts } from './read-facts.ts';
import { arrays, neighbourhood, overview, search } from './read-graph.ts';
import { documentNumber, findEntityRows, namesOf, summary } from './rows.ts';
import { explain, isFatal, type Sql } from './sql.ts';
import { kindTrends, trends } from './trends.ts';

/**
 * Opens a workspace's SQLite file; ":memory:" gives a store that is forgotten when it is closed.
 * Errors: BusyError (with the writer's process id), FormatError, NotFoundError, UnsupportedError, StorageError.
 */
export async function openStore(path: string, options: OpenOptions = {}): Promise<Store> {
  return storeOn(await connect(path, options));
}

function storeOn(connection: Connection): Store {
  const { path, mode, sql } = connection;
  let closed = false;
  let broken: unknown;
  let state = readState(sql);

  /** Every answer: refuses a store that is closed, tells SQLite's errors in our words. */
  const read = async <T>(answer: () => T): Promise<T> => {
    if (closed) throw new StorageError(`${path}: expected an open store, got a closed one; open it again [STORAGE]`);
    try {
      return answer();
    } catch (error) {
      throw explain(error, path);
    }
  };

  /** One change: all of it durable, or nothing of it done. */
  const write = <T>(act: (change: Change) => T): Promise<T> =>
    read(() => {
      if (mode === 'read') throw new ReadOnlyError(`${path}: expected a store opened for writing, got one opened for reading; open it for writing [READ_ONLY]`);
      if (broken)
        throw new StorageError(`${path}: an earlier write failed, so nothing more is written; check the disk, then open the workspace again [STORAGE]`);
      const change = beginChange(sql, state);
      try {
        const result = act(change);
        settle(change);
        sql.database.exec('COMMIT');
        state = change.state;
        sql.database.exec('BEGIN IMMEDIATE');
        return result;
      } catch (error) {
        // a failed fsync may not be tried again: what the disk holds is unknown until the file is opened anew
        if (isFatal(error)) broken = error;
        try {
          if (sql.database.isTransaction) sql.database.exec('ROLLBACK');
          if (!broken) sql.database.exec('BEGIN IMMEDIATE');
        } catch (second) {
          broken = second;
        }
        throw error;
      }
    });

  const decide = (decision: Decision, at: string): Promise<LoggedDecision> =>
    write((change) => {
      const number = appendDecision(change, decision, at);
      return readLog(sql).find((entry) => entry.number === number)!;
    });

  const close = async (): Promise<void> => {
    if (closed) return;
    closed = true;
    try {
      if (broken) sql.database.close();
      else connection.close();
    } catch (error) {
      throw explain(error, path);
    }
  };

  return {
    path,
    mode,
    addReading: (reading) => write((change) => addDocument(change, reading)),
    addReadings: (readings) => write((change) => readings.map((reading): AddResult => addDocument(change, reading))),
    reading: (idOrName) =>
      read(() => {
        const row = sql.get<{ doc: number; id: string; loader: string; reader: string }>(
          'SELECT doc, id, loader, reader FROM document WHERE id = ?1 UNION ALL SELECT doc, id, loader, reader FROM document WHERE doc = (SELECT doc FROM document_name WHERE name = ?1) LIMIT 1',
          idOrName,
        );
        return row && { id: row.id, loader: row.loader, reader: row.reader, names: namesOf(sql, row.doc) };
      }),
    removeDocuments: (ids) =>
      write((change) => {
        let removed = 0;
        for (const id of new Set(ids)) {
          const row = sql.get<{ doc: number }>('SELECT doc FROM document WHERE id = ?', id);
          if (!row) continue;
          removeDocument(change, row.doc);
          removed++;
        }
        return removed;
      }),
    removeName: (name) =>
      write((change) => {
        const row = sql.get<{ doc: number }>('SELECT doc FROM document_name WHERE name = ?', name);
        if (!row) throw new NotFoundError(`${JSON.stringify(name)}: expected the name of a document, got none; list the documents [NOT_FOUND]`);
        sql.run('DELETE FROM document_name WHERE name = ?', name);
        if (!sql.get('SELECT 1 FROM document_name WHERE doc = ?', row.doc)) removeDocument(change, row.doc);
      }),
    documents: (query) => read(() => listDocuments(sql, query)),
    findDocuments: (nameOrId) => read(() => findDocuments(sql, nameOrId)),
    document: (id) => read(() => readDocument(sql, id)),
    readingOf: (id) => read(() => loadReading(sql, documentNumber(sql, id))),
    entities: (query) => read(() => listEntities(sql, query)),
    findEntities: (nameOrId) => read(() => findEntityRows(sql, nameOrId).map(summary)),
    entity: (id) => read(() => readEntity(sql, id)),
    facts: (query = {}) => read(() => queryFacts(sql, query)),
    fact: (id) => read(() => factById(sql, id)),
    mentions: (entity, query) => read(() => readMentions(sql, entity, query)),
    search: (text, query) => read(() => search(sql, text, query)),
    searchSentences: (text, query) => read(() => searchSentences(sql, text, query)),
    neighbourhood: (entity, query) => read(() => neighbourhood(sql, entity, query)),
    overview: (query) => read(() => overview(sql, query)),
    trends: (query) => read(() => trends(sql, query)),
    kindTrends: (query) => read(() => kindTrends(sql, query)),
    arrays: () => read(() => arrays(sql)),
    merges: (query) => read(() => listMerges(sql, query)),
    decide: async (decision) => decide(await read(() => aimDecision(sql, decision)), new Date().toISOString()),
    undo: async () => {
      const last = await read(() => readLog(sql).findLast((entry) => !entry.undone && entry.decision.type !== 'undo'));
      return last && decide({ type: 'undo', number: last.number }, new Date().toISOString());
    },
    replay: (log) =>
      write((change) => {
        const numbers = new Map<number, number>();
        for (const { number, at, decision } of log) {
          const aimed =
            decision.type === 'undo' ? { type: decision.type, number: numbers.get(decision.number) ?? decision.number } : normaliseDecision(decision);
          numbers.set(number, appendDecision(change, aimed, at));
          settle(change);
          change.names.clear();
        }
        return numbers.size;
      }),
    decisions: () => read(() => readLog(sql)),
    settings: () => read(() => readState(sql).settings),
    stamp: () => read(() => sql.get<{ data_version: number }>('PRAGMA data_version')!.data_version),
    counts: () => read(() => counts(sql)),
    async *export() {
      if (path === ':memory:') yield* exportLines(sql);
      else yield* snapshotLines(path);
    },
    backup: (target) =>
      read(() => {
        if (path === ':memory:') throw new FormatError(':memory:: expected a store in a file, got one in memory; open a file [FORMAT]');
        copyTo(path, resolve(target));
      }),
    check: async () => {
      try {
        return await read(() => check(sql));
      } catch (error) {
        throw explain(error, path);
      }
    },
    rebuild: () =>
      write((change) => {
        const docs = sql.all<{ doc: number }>('SELECT doc FROM document ORDER BY doc').map((row) => row.doc);
        for (const doc of docs) {
          const reading = loadReading(sql, doc);
          removeDocument(change, doc);
          addDocument(change, reading);
        }
        settle(change);
        // the keys were touched but came back as they were, so every rule is asked again
        for (const { key } of sql.all<{ key: string }>('SELECT key FROM key')) change.names.add(key);
      }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** The export as of the moment it begins, whatever is written meanwhile. */
function* snapshotLines(path: string): Generator<ExportLine> {
  let database: DatabaseSync | undefined;
  try {
    database = openForReading(path);
    const snapshot = prepare(database);
    database.exec('BEGIN');
    yield* exportLines(snapshot);
  } catch (error) {
    throw explain(error, path);
  } finally {
    database?.close();
  }
}

function counts(sql: Sql): Counts {
  const row = sql.get<{ [name in keyof Counts]: number }>(
    `SELECT (SELECT count(*) FROM document) AS documents, (SELECT coalesce(sum(sentences), 0) FROM document) AS sentences,
      (SELECT coalesce(sum(mentions), 0) FROM document) AS mentions, (SELECT coalesce(sum(mentions), 0) FROM entity) AS resolvedMentions,
      (SELECT coalesce(sum(relations), 0) FROM document) AS relationMentions, (SELECT count(*) FROM entity) AS entities,
      (SELECT count(*) FROM fact WHERE hidden = 0) AS facts, (SELECT count(*) FROM edge WHERE status = 'merged') AS merges,
      (SELECT count(*) FROM edge JOIN key AS ka ON ka.id = edge.a JOIN key AS kb ON kb.id = edge.b WHERE status = 'proposed' AND ka.entity <> kb.entity) AS proposals,
      (SELECT count(*) FROM decision) AS decisions`,
  )!;
  return { ...row };
}

async function check(sql: Sql): Promise<string[]> {
  const complaints: string[] = [];
  for (const row of sql.all<{ integrity_check: string }>('PRAGMA integrity_check')) if (row.integrity_check !== 'ok') complaints.push(row.integrity_check);
  for (const row of sql.all<{ table: string; rowid: number; parent: string }>('PRAGMA foreign_key_check')) {
    complaints.push(`row ${row.rowid} of ${row.table} points to no row of ${row.parent}`);
  }
  if (complaints.length > 0) return complaints;
  await using fresh = await openStore(':memory:');
  for (const { doc } of sql.all<{ doc: number }>('SELECT doc FROM document ORDER BY id')) await fresh.addReading(loadReading(sql, doc));
  await fresh.replay(readLog(sql));
  const mine = exportLines(sql);
  for await (const line of fresh.export()) {
    const own = mine.next();
    if (JSON.stringify(own.value) !== JSON.stringify(line)) {
      complaints.push(`the graph differs from the one its readings give, first at ${JSON.stringify(own.value ?? line).slice(0, 200)}; rebuild it`);
      return complaints;
    }
  }
  if (!mine.next().done) complaints.push('the graph holds more than its readings give; rebuild it');
  return complaints;
}
