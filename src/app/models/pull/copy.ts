import { constants } from 'node:fs';
import { chmod, copyFile, readdir, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { FormatError } from '../../../core/index.ts';
import { fileError } from '../../file-error.ts';
import { kindOfFile } from '../describe-model.ts';
import { isModelFile, isWeights } from './model-files.ts';
import { type FileReference, printReference } from './reference.ts';
import { type Fetched, type PullContext, requireRoom } from './source.ts';

/** Copies a model of the user's into the cache: a file, or a Hugging Face folder. */
export async function copyModel(reference: FileReference, { folder, signal, progress }: PullContext): Promise<Fetched> {
  const { path } = reference;
  const copied: string[] = [];
  try {
    const source = printReference(reference);
    const isFolder = (await stat(path)).isDirectory();
    const names = isFolder ? (await readdir(path)).filter(isModelFile) : [plainName(path)];
    if (isFolder && !(names.includes('config.json') && names.some(isWeights)))
      throw new FormatError(
        `${path}: expected a folder with config.json and model.safetensors, got ${names.join(', ') || 'neither'}; give the folder of one model`,
      );
    const kind = isFolder ? 'folder' : await kindOfFile(path);
    const from = (name: string) => (isFolder ? join(path, name) : path);
    const sizes = await Promise.all(names.map(async (name) => (await stat(from(name))).size));
    const total = sizes.reduce((sum, size) => sum + size, 0);
    await requireRoom(folder, total);
    let done = 0;
    for (const [i, name] of names.entries()) {
      signal?.throwIfAborted();
      progress('fetching', done, total);
      copied.push(join(folder, name));
      await copyFile(from(name), join(folder, name), constants.COPYFILE_FICLONE);
      await chmod(join(folder, name), 0o644); // what was read-only is to be written through to the disk
      done += sizes[i]!;
    }
    return { kind, files: names, licence: null, source };
  } catch (error) {
    for (const file of copied) await rm(file, { force: true });
    throw fileError(error, (error as NodeJS.ErrnoException).code === 'ENOSPC' ? folder : path);
  }
}

/** A name that every file system and every record takes. */
const plainName = (path: string): string =>
  basename(path)
    .replace(/[^A-Za-z0-9._ +-]/g, '_')
    .replace(/^[^A-Za-z0-9_]/, '_');
