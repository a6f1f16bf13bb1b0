import { statfs } from 'node:fs/promises';
import { FileError } from '../../file-error.ts';
import type { ModelKind } from '../model-record.ts';

export type PullPhase = 'fetching' | 'unpacking' | 'checking' | 'keeping';

export interface PullProgress {
  readonly phase: PullPhase;
  readonly doneBytes: number;
  /** Undefined where the end is not known. */
  readonly totalBytes: number | undefined;
  /** What was there from an earlier try, within `doneBytes`. */
  readonly keptBytes: number;
}

/** What is to come of it, where that is known before. */
export interface ExpectedFile {
  readonly kind: ModelKind;
  readonly file: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

export interface PullContext {
  /** Where the files of the model go; what an earlier try left there may be used. */
  readonly folder: string;
  /** For archives; emptied before and after. */
  readonly scratch: string;
  readonly expected?: ExpectedFile;
  /** A source that says nothing so long is passed over. */
  readonly answerMs: number;
  readonly signal?: AbortSignal;
  progress(phase: PullPhase, doneBytes: number, totalBytes?: number, keptBytes?: number): void;
}

export interface Fetched {
  readonly kind: ModelKind;
  /** Names in the folder; of a single file first. */
  readonly files: readonly string[];
  readonly licence: string | null;
  /** SHA-256 of files that were held to one. */
  readonly hashes?: ReadonlyMap<string, string>;
  /** The source with what was found there: version, commit. */
  readonly source: string;
}

export const megabytes = (bytes: number): string => (bytes >= 999.5e6 ? `${(bytes / 1e9).toFixed(1)} GB` : `${(bytes / 1e6).toFixed(bytes < 10e6 ? 1 : 0)} MB`);

/** Asks the disk below `folder` for room before it is taken. Errors: FileError STORAGE. */
export async function requireRoom(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= bytes) return;
  throw new FileError(
    'STORAGE',
    `${folder}: expected ${megabytes(bytes)} free, got ${megabytes(free)}; free some, or set LYCEUM_HOME to a folder on another disk, then give the same command again`,
  );
}
