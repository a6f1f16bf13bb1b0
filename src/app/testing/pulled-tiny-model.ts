import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { modelFolder } from '../models/model-home.ts';
import { recordName } from '../models/model-record.ts';
import { writeTinyModel } from './tiny-language-model.ts';

/** Puts a tiny model among those of `LYCEUM_HOME`, as if it had been pulled under this name. */
export const pulledTinyModel = async (name: string, options: Parameters<typeof writeTinyModel>[1] = {}): Promise<void> => {
  const folder = await writeTinyModel(modelFolder(name), options);
  const files = await Promise.all(
    (await readdir(folder)).sort().map(async (file) => {
      const bytes = await readFile(join(folder, file));
      return { name: file, sizeBytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
    }),
  );
  await writeFile(
    join(folder, recordName),
    JSON.stringify({ format: 1, name, kind: 'folder', files, source: 'made', licence: null, pulledAt: '2026-01-01T00:00:00.000Z' }),
  );
};
