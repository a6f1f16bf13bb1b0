import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { ConfigError } from '../../core/index.ts';
import { syncFolder } from '../../formats/index.ts';

/**
 * Fills a folder that is whole or absent: beside its place under a temporary name, then one rename. What was there before stays until then, and is replaced if it holds files of these names only.
 *
 * @throws ConfigError where something else is in the place · whatever `fill` throws; nothing of the attempt is left behind
 */
export const writeWholeFolder = async (folder: string, names: ReadonlySet<string>, fill: (folder: string) => Promise<void>): Promise<void> => {
  const place = resolve(folder);
  const parent = dirname(place);
  const before = await readdir(place).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    if (error.code === 'ENOTDIR') return [basename(place)];
    throw error;
  });
  const other = before?.find((name) => !names.has(name));
  if (other !== undefined)
    throw new ConfigError(`adapter ${folder}: expected a place for a folder of its own, got one with ${other} in it; give another place`);
  await mkdir(parent, { recursive: true });
  const aside = join(parent, `.${basename(place)}.${process.pid}-${randomBytes(6).toString('hex')}`);
  const [made, old] = [`${aside}.tmp`, `${aside}.old`];
  try {
    await mkdir(made);
    await fill(made);
    await syncFolder(made);
    if (before) await rename(place, old);
    try {
      await rename(made, place);
    } catch (error) {
      if (before) await rename(old, place);
      throw error;
    }
    await syncFolder(parent);
  } finally {
    await rm(made, { recursive: true, force: true });
    await rm(old, { recursive: true, force: true });
  }
};
