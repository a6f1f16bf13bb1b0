import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NotFoundError } from '../../core/index.ts';
import { type AdaptResult, parseAdaptResult } from '../../report/index.ts';

/** What a run that is over has to show. @throws NotFoundError where the folder holds none · FormatError */
export const readResult = async (folder: string): Promise<AdaptResult> => {
  const path = join(folder, 'result.json');
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
    throw new NotFoundError(`${folder}: expected a run that is over, with result.json, got none; let \`lyceum adapt\` finish first`);
  });
  return parseAdaptResult(JSON.parse(text), path);
};
