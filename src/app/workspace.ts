import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openStore, type Store } from '../knowledge/index.ts';
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

/** Opens the workspace in `dir`. Errors: as `Store`; NotFoundError when it is only to be read and is not there. */
export async function openWorkspace({ dir, mode, wait, signal }: WorkspaceOptions): Promise<Workspace> {
  if (mode === 'write') await mkdir(dir, { recursive: true });
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
