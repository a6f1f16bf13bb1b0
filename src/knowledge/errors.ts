/** Same shape and codes as core's errors: this room imports nothing of ours, and callers tell errors apart by `code`. */
export abstract class KnowledgeError extends Error {
  abstract readonly code: string;
}

/** A reading, decision or file whose content is not what it must be. */
export class FormatError extends KnowledgeError {
  readonly code = 'FORMAT';
}
/** A document, entity or fact asked for by name that is not there. */
export class NotFoundError extends KnowledgeError {
  readonly code = 'NOT_FOUND';
}
/** A file of a newer version, or an SQLite library with a known fault. */
export class UnsupportedError extends KnowledgeError {
  readonly code = 'UNSUPPORTED';
}
/** Another process is the writer. */
export class BusyError extends KnowledgeError {
  readonly code = 'BUSY';
  /** Process id of the writer, null when it could not be read. */
  readonly pid: number | null;
  constructor(message: string, pid: number | null) {
    super(message);
    this.pid = pid;
  }
}
/** The disk is full, or reading or writing failed. */
export class StorageError extends KnowledgeError {
  readonly code = 'STORAGE';
}
/** A change was asked of a store opened for reading. */
export class ReadOnlyError extends KnowledgeError {
  readonly code = 'READ_ONLY';
}
