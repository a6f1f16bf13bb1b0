import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FormatError, NotFoundError } from '../../core/index.ts';
import type { OrionMeasured } from '../../report/index.ts';
import { fileError } from '../file-error.ts';
import { orionFiles } from './keep-orion.ts';

/**
 * What a finished run of the retrieval tasks has to show.
 *
 * @param path  its folder, or its result.json
 * @throws NotFoundError where there is none · FormatError
 */
export const readOrion = async (path: string): Promise<OrionMeasured> => {
  const { parseOrionResult } = await import('../../report/index.ts');
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  const file = isFolder ? join(path, orionFiles.result) : path;
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw fileError(error, file);
    throw new NotFoundError(`${path}: expected a finished run of lyceum inspect orion, with ${orionFiles.result}, got none; let it finish first`);
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new FormatError(`${file}: expected JSON, got something else; name what lyceum inspect orion wrote`);
  }
  return parseOrionResult(json, file);
};
