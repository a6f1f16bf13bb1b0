import { access, constants, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openStore, ReadOnlyError, type Store } from '../knowledge/index.ts';
import { fileError } from './file-error.ts';
import { loadSources } from './sources.ts';

/** A workspace is one folder: the store, and what runs leave behind. */
export interface Workspace extends AsyncDisposable {
  readonly dir: string;
  readonly store: Store;
  /** Where the bytes of a document lay when it was read; null when that is not known. */
  fileOf(id: string): Promise<string | null>;
}

export interface WorkspaceOptions {
  readonly dir: string;
  /** 'write' creates the folder when there is none and takes the one writer's place. */
  readonly mode: 'read' | 'write';
  /** Wait for another writer instead of failing at once. */
  readonly wait?: boolean;
  readonly signal?: AbortSignal;
}

/** The one SQLite file of a workspace. */
export const storePath = (dir: string): string => join(dir, 'knowledge.sqlite');

/** Whether this process may write the workspace in `dir`, which is there. */
export async function mayWrite(dir: string): Promise<boolean> {
  const may = (path: string, otherwise: readonly string[]) =>
    access(path, constants.W_OK).then(
      () => true,
      (error: NodeJS.ErrnoException) => otherwise.includes(error.code ?? ''),
    );
  return (await may(dir, [])) && (await may(storePath(dir), ['ENOENT']));
}

async function makeWritable(dir: string): Promise<void> {
  try {
    await mkdir(dir, { recursive: true });
  } catch (error) {
    // Node says ENOENT of a folder that a read-only file system does not let it make.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'EROFS' && code !== 'EACCES' && code !== 'EPERM') throw fileError(error, dir);
    throw new ReadOnlyError(`${dir}: expected a place where a folder can be made, got one that cannot be written; give rights to write, or another --dir`);
  }
  if (!(await mayWrite(dir)))
    throw new ReadOnlyError(
      `${dir}: expected a workspace that can be written, got one that cannot; give rights to write, or another --dir; commands that only look work`,
    );
}

/** Opens the workspace in `dir`. Errors: as `Store`; ReadOnlyError where it is to be written and cannot be; NotFoundError when it is only to be read and is not there. */
export async function openWorkspace({ dir, mode, wait, signal }: WorkspaceOptions): Promise<Workspace> {
  if (mode === 'write') await makeWritable(dir);
  const store = await openStore(storePath(dir), { mode, ...(wait === undefined ? {} : { wait }), ...(signal === undefined ? {} : { signal }) });
  return {
    dir,
    store,
    async fileOf(id) {
      const { names } = await store.document(id);
      const { roots } = await loadSources(dir);
      for (const files of Object.values(roots)) for (const name of names) if (files[name] !== undefined) return files[name];
      return null;
    },
    [Symbol.asyncDispose]: () => store.close(),
  };
}
