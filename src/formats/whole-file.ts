import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Writes a file that is whole or absent: under a temporary name beside it, then fsync, rename, fsync of the folder. What was there before stays until the rename.
 *
 * @param chunks  the bytes, in order
 * @throws what the file system says (ENOSPC, EACCES, EIO …); nothing of the attempt is left behind
 */
export const writeWhole = async (path: string, chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> => {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${process.pid}-${randomBytes(6).toString('hex')}.tmp`);
  let file: FileHandle | undefined;
  try {
    file = await open(temporary, 'wx');
    for await (const chunk of chunks) await writeAll(file, chunk);
    await file.sync();
    await file.close();
    file = undefined;
    await rename(temporary, path);
    await syncFolder(folder);
  } catch (error) {
    await file?.close().catch(() => undefined);
    await rm(temporary, { force: true });
    throw error;
  }
};

const writeAll = async (file: FileHandle, chunk: Uint8Array): Promise<void> => {
  for (let at = 0; at < chunk.byteLength; ) {
    const { bytesWritten } = await file.write(chunk, at, Math.min(chunk.byteLength - at, 1 << 26));
    at += bytesWritten;
  }
};

/** Brings the names in a folder to the disk: what was renamed stays renamed. */
export const syncFolder = async (folder: string): Promise<void> => {
  if (process.platform === 'win32') return; // a folder cannot be opened there; the rename is journalled
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};
