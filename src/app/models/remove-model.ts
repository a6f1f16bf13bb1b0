import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { NotFoundError, UnsupportedError } from '../../core/index.ts';
import { fileError } from '../file-error.ts';
import { bundled } from './catalogue.ts';
import { folderName, modelFolder, unfinishedFolder } from './model-home.ts';
import { readRecordIn, sizeOf } from './model-record.ts';
import { holdLock } from './pull/lock.ts';

/**
 * Takes a model out of the cache, with what an unfinished pull of it left. It leaves its place by a rename, so it is never half there.
 *
 * @returns  what that frees, in bytes
 * @throws NotFoundError: there is none of this name · UnsupportedError: it comes with Lyceum · FileError
 */
export async function removeModel(name: string): Promise<number> {
  if (name === bundled.name) throw new UnsupportedError(`models remove ${name}: expected a model that was pulled, got one that comes with Lyceum; it stays`);
  const folder = folderName(name);
  const work = join(unfinishedFolder(), folder);
  const place = modelFolder(name);
  const exists = (path: string) =>
    stat(path).then(
      () => true,
      () => false,
    );
  if (!(await exists(place)) && !(await exists(work)))
    throw new NotFoundError(`models remove ${name}: expected a model of this name in the cache, got none; \`lyceum models list\` prints the names`);
  try {
    await mkdir(unfinishedFolder(), { recursive: true });
    using _lock = await holdLock(join(unfinishedFolder(), `${folder}.lock`));
    // A folder whose record cannot be read is no model, and may go; one of another name (on a file system that makes no difference between a and A) may not.
    const record = await readRecordIn(place).catch(() => undefined);
    if (record && record.name !== name) throw new NotFoundError(`models remove ${name}: expected a model of this name, got ${record.name}; give its own name`);
    const aside = join(unfinishedFolder(), `removed-${randomBytes(6).toString('hex')}`);
    await rename(place, aside).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    await rm(aside, { recursive: true, force: true });
    await rm(work, { recursive: true, force: true });
    return record ? sizeOf(record.files) : 0;
  } catch (error) {
    throw fileError(error);
  }
}
