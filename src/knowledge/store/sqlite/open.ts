import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { BusyError, FormatError, NotFoundError, UnsupportedError } from '../../errors.ts';
import type { OpenOptions } from '../contract.ts';
import { APPLICATION_ID, SCHEMA, SCHEMA_VERSION } from './schema.ts';
import { CANNOT_OPEN, explain, isFatal, READ_ONLY, type Sql, sqliteCode, sqlOf } from './sql.ts';
import { syncFile } from './sync-file.ts';

/** A step from one schema version to the next, run inside a transaction. */
export type Migration = (sql: Sql) => void;

/** `MIGRATIONS[v]` leads from version v to v + 1. */
export const MIGRATIONS: Readonly<Record<number, Migration>> = {};

/** An open workspace file; the writer holds SQLite's write lock between commits for as long as it is open. */
export interface Connection {
  readonly path: string;
  readonly mode: 'read' | 'write';
  readonly sql: Sql;
  close(): void;
}

/**
 * Whether an SQLite library is free of the WAL-reset bug (two connections, a write racing a checkpoint, committed pages lost): at least 3.51.3 but not the
 * withdrawn 3.52.0, or the back-ports 3.50.7 and 3.44.6 and what follows them in their series.
 */
export function isSoundSqlite(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  if (major !== 3) return major > 3;
  if (minor === 52) return patch > 0;
  if (minor > 51) return true;
  return (minor === 51 && patch >= 3) || (minor === 50 && patch >= 7) || (minor === 44 && patch >= 6);
}

/** Version of the SQLite library that this process has loaded, and whether it is sound. */
export function sqliteVersion(): { readonly version: string; readonly sound: boolean } {
  const database = new DatabaseSync(':memory:');
  try {
    const version = String(database.prepare('SELECT sqlite_version() AS version').get()!.version);
    return { version, sound: isSoundSqlite(version) };
  } finally {
    database.close();
  }
}

/** Opens the file at `path`. Errors: BusyError, FormatError, NotFoundError, UnsupportedError, StorageError. */
export async function connect(path: string, options: OpenOptions, version = SCHEMA_VERSION, migrations = MIGRATIONS): Promise<Connection> {
  const file = path === ':memory:' ? path : resolve(path);
  try {
    return options.mode === 'read' ? openReader(file) : await openWriter(file, options, version, migrations);
  } catch (error) {
    throw explain(error, path);
  }
}

function openReader(file: string): Connection {
  if (!existsSync(file)) throw new NotFoundError(`${file}: expected a Lyceum workspace, got no such file; read some documents first [NOT_FOUND]`);
  const database = openForReading(file);
  const sql = prepare(database);
  try {
    if (identify(sql, file) !== SCHEMA_VERSION) {
      throw new UnsupportedError(
        `${file}: expected schema version ${SCHEMA_VERSION}, got an older one; open it once for writing, which migrates it after a backup [UNSUPPORTED]`,
      );
    }
  } catch (error) {
    database.close();
    throw error;
  }
  return { path: file, mode: 'read', sql, close: () => database.close() };
}

/** Another connection, for reading, to a file that exists. */
export function openForReading(file: string): DatabaseSync {
  const options = { readOnly: true, timeout: 5000 };
  const database = new DatabaseSync(file, options);
  try {
    database.prepare('SELECT count(*) FROM sqlite_schema').get();
    return database;
  } catch (error) {
    database.close();
    // a folder without the right to write, and no process that has the file open: nothing can change it, so SQLite needs no shared-memory file
    const log = `${file}-wal`;
    const code = sqliteCode(error);
    if ((code !== CANNOT_OPEN && code !== READ_ONLY) || (existsSync(log) && statSync(log).size > 0)) throw error;
    const url = pathToFileURL(file);
    url.searchParams.set('immutable', '1');
    return new DatabaseSync(url, options);
  }
}

async function openWriter(file: string, options: OpenOptions, version: number, migrations: Readonly<Record<number, Migration>>): Promise<Connection> {
  if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true });
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    const sql = prepare(database);
    identify(sql, file, version); // before anything is written: what is not ours stays as it is
    await takeLock(sql, file, options);
    const found = identify(sql, file, version);
    if (found === 0) create(database);
    else if (found < version) migrate(sql, file, found, version, migrations);
    sql.run('INSERT OR REPLACE INTO writer (one, pid) VALUES (1, ?)', process.pid);
    database.exec('COMMIT');
    database.exec('PRAGMA busy_timeout = 10000'); // whoever asks for the lock in the moment between two transactions lets go of it at once
    database.exec('BEGIN IMMEDIATE');
    return {
      path: file,
      mode: 'write',
      sql,
      close() {
        try {
          sql.run('DELETE FROM writer');
          database.exec('COMMIT');
        } finally {
          database.close();
        }
      },
    };
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Settings of every connection: defensive, no trust in the file's schema, foreign keys. Refuses an unsound SQLite library. */
export function prepare(database: DatabaseSync): Sql {
  const sql = sqlOf(database);
  const { version } = sql.get<{ version: string }>('SELECT sqlite_version() AS version')!;
  if (!isSoundSqlite(version)) {
    throw new UnsupportedError(
      `SQLite ${version}: expected 3.51.3 or newer (not 3.52.0), since this one can lose committed data; use Node 24.15 or newer [UNSUPPORTED]`,
    );
  }
  database.enableDefensive(true);
  database.exec('PRAGMA trusted_schema = OFF; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -65536; PRAGMA cell_size_check = ON');
  return sql;
}

/** Schema version, 0 for an empty file. Refuses files that are not ours, that are cut short, or newer than this program. */
function identify(sql: Sql, file: string, version = SCHEMA_VERSION): number {
  const { application_id: application } = sql.get<{ application_id: number }>('PRAGMA application_id')!;
  const { user_version: found } = sql.get<{ user_version: number }>('PRAGMA user_version')!;
  const { tables } = sql.get<{ tables: number }>('SELECT count(*) AS tables FROM sqlite_schema')!;
  if (application === 0 && found === 0 && tables === 0) return 0;
  if (application !== APPLICATION_ID) {
    throw new FormatError(`${file}: expected a Lyceum workspace, got another program's SQLite file; choose another folder [FORMAT]`);
  }
  if (found > version) {
    throw new UnsupportedError(`${file}: expected schema version ${version} or older, got ${found}; use the newer Lyceum that wrote it [UNSUPPORTED]`);
  }
  return found;
}

/** Takes the database's own write lock. A holder gives it up only between two of its transactions, so having it twice means that nobody else holds it. */
async function takeLock(sql: Sql, file: string, options: OpenOptions): Promise<void> {
  const { database } = sql;
  let confirmed = 0;
  while (true) {
    options.signal?.throwIfAborted();
    try {
      const { journal_mode: mode } = sql.get<{ journal_mode: string }>('PRAGMA journal_mode = WAL')!;
      if (mode !== 'wal' && mode !== 'memory')
        throw new UnsupportedError(`${file}: expected a file system that can hold SQLite's log, got journal mode ${mode}; use a local disk [UNSUPPORTED]`);
      database.exec('PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON; PRAGMA journal_size_limit = 67108864');
      database.exec('BEGIN IMMEDIATE');
      if (writerPid(sql) === null || confirmed === 3) return;
      database.exec('ROLLBACK');
      confirmed++;
      await sleep(15);
    } catch (error) {
      if (sqliteCode(error) !== 5) throw error;
      confirmed = 0;
      if (!options.wait) {
        const pid = writerPid(sql);
        const who = pid === null ? 'another process' : `process ${pid}`;
        throw new BusyError(`${file}: expected to be the only writer, got ${who} writing; wait for it to finish, or give --wait [BUSY]`, pid);
      }
      await sleep(100);
    }
  }
}

function writerPid(sql: Sql): number | null {
  const exists = sql.get("SELECT 1 FROM sqlite_schema WHERE name = 'writer'");
  return exists ? (sql.get<{ pid: number }>('SELECT pid FROM writer')?.pid ?? null) : null;
}

function create(database: DatabaseSync): void {
  database.exec(SCHEMA);
  database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}`);
}

function migrate(sql: Sql, file: string, from: number, to: number, migrations: Readonly<Record<number, Migration>>): void {
  const { database } = sql;
  const copy = `${file}.version-${from}.backup`;
  if (!existsSync(copy)) copyTo(file, copy);
  for (let version = from; version < to; version++) {
    const step = migrations[version];
    if (!step)
      throw new UnsupportedError(
        `${file}: expected a schema version that can be migrated, got ${version}; read the documents again into a new workspace [UNSUPPORTED]`,
      );
    step(sql);
    database.exec(`PRAGMA user_version = ${version + 1}`);
  }
}

/** One consistent copy of what is committed, whole or absent, through a connection of its own so that the writer's transaction stays as it is. Errors name the file they are about. */
export function copyTo(file: string, target: string): void {
  const partial = `${target}.partial`;
  rmSync(partial, { force: true });
  const reader = openForReading(file);
  try {
    reader.prepare('VACUUM INTO ?').run(partial);
  } catch (error) {
    rmSync(partial, { force: true });
    throw explain(error, isFatal(error) ? file : target);
  } finally {
    reader.close();
  }
  syncFile(partial);
  renameSync(partial, target);
  syncFile(dirname(target));
}
