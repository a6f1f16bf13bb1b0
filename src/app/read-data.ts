import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { FormatError } from '../core/index.ts';
import { fileError } from './file-error.ts';

const mostBytes = 1 << 29; // of a file when it is unpacked; JavaScript's strings are no longer

/** A file of text, packed where its name ends in .gz. @throws NotFoundError where there is none · FormatError where it cannot be unpacked */
export const readData = async (path: string): Promise<string> => {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw fileError(error, path);
  });
  if (!path.endsWith('.gz')) return bytes.toString('utf8');
  try {
    return gunzipSync(bytes, { maxOutputLength: mostBytes }).toString('utf8');
  } catch (cause) {
    throw new FormatError(`${path}: expected a gzip file of at most ${mostBytes >> 20} MiB unpacked, got one that says “${(cause as Error).message}”`, {
      cause,
    });
  }
};
