import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { BusyError, FormatError, KnowledgeError, StorageError } from '../../errors.ts';

/** A connection whose statements are prepared once. Values only ever travel as parameters, never inside the SQL text. */
export interface Sql {
  readonly database: DatabaseSync;
  run(text: string, ...values: SQLInputValue[]): { readonly changes: number; readonly id: number };
  get<Row>(text: string, ...values: SQLInputValue[]): Row | undefined;
  all<Row>(text: string, ...values: SQLInputValue[]): Row[];
  each<Row>(text: string, ...values: SQLInputValue[]): Iterable<Row>;
  /** Rows as arrays in the order of the columns, which cost half of what objects do. */
  tuples<Row extends readonly unknown[]>(text: string, ...values: SQLInputValue[]): Row[];
  eachTuple<Row extends readonly unknown[]>(text: string, ...values: SQLInputValue[]): Iterable<Row>;
}

export function sqlOf(database: DatabaseSync): Sql {
  const prepared = new Map<string, StatementSync>();
  const statement = (text: string): StatementSync => {
    let found = prepared.get(text);
    if (!found) {
      found = database.prepare(text);
      prepared.set(text, found);
    }
    return found;
  };
  // statements of their own, since the form of the rows belongs to the statement
  const asArrays = (text: string): StatementSync => {
    const made = database.prepare(text);
    made.setReturnArrays(true);
    return made;
  };
  return {
    database,
    run(text, ...values) {
      const { changes, lastInsertRowid } = statement(text).run(...values);
      return { changes: Number(changes), id: Number(lastInsertRowid) };
    },
    get: <Row>(text: string, ...values: SQLInputValue[]) => statement(text).get(...values) as Row | undefined,
    all: <Row>(text: string, ...values: SQLInputValue[]) => statement(text).all(...values) as Row[],
    // a fresh statement: one that is being stepped through must not be reset by a second use
    each: <Row>(text: string, ...values: SQLInputValue[]) => database.prepare(text).iterate(...values) as Iterable<Row>,
    tuples: <Row extends readonly unknown[]>(text: string, ...values: SQLInputValue[]) => asArrays(text).all(...values) as unknown as Row[],
    eachTuple: <Row extends readonly unknown[]>(text: string, ...values: SQLInputValue[]) => asArrays(text).iterate(...values) as unknown as Iterable<Row>,
  };
}

const BUSY = 5;
export const READ_ONLY = 8;
const IO_ERROR = 10;
const CORRUPT = 11;
const FULL = 13;
export const CANNOT_OPEN = 14;
const NOT_A_DATABASE = 26;

/** SQLite's primary result code of an error, undefined for other errors. */
export function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  return error.errcode & 0xff;
}

/** Turns SQLite's errors into ours: what failed, on which file, what to do. Others pass through. */
export function explain(error: unknown, path: string): unknown {
  if (error instanceof KnowledgeError) return error;
  const said = error instanceof Error ? error.message : String(error);
  const options = { cause: error };
  switch (sqliteCode(error)) {
    case BUSY:
      return new BusyError(`${path}: expected to be the only writer, got "${said}"; wait for the other process to finish, then try again [BUSY]`, null);
    case FULL:
      return tell(
        StorageError,
        `${path}: the disk is full; nothing that was acknowledged is lost. Free space, then give the same command again [STORAGE]`,
        options,
      );
    case IO_ERROR:
    case READ_ONLY:
    case CANNOT_OPEN:
      return tell(
        StorageError,
        `${path}: reading or writing failed ("${said}"); check the disk and the rights on the folder, then try again [STORAGE]`,
        options,
      );
    case CORRUPT:
    case NOT_A_DATABASE:
      return tell(
        FormatError,
        `${path}: expected a sound Lyceum workspace, got "${said}"; nothing was overwritten. Put a backup in its place, or move the file away and read the documents again [FORMAT]`,
        options,
      );
    default:
      return error;
  }
}

function tell<E extends Error>(Kind: new (message: string) => E, message: string, options: { cause: unknown }): E {
  const error = new Kind(message);
  error.cause = options.cause;
  return error;
}

/** Whether an error means that nothing may be trusted to reach the disk any more (a failed fsync is never tried again). */
export function isFatal(error: unknown): boolean {
  const code = sqliteCode(error instanceof KnowledgeError ? error.cause : error);
  return code === IO_ERROR || code === CORRUPT || code === NOT_A_DATABASE;
}
