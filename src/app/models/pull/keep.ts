import { randomBytes } from 'node:crypto';
import { open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256OfFile, syncFolder, writeWhole } from '../../../formats/index.ts';
import type { CatalogueEntry } from '../catalogue.ts';
import { describeModel } from '../describe-model.ts';
import { modelFolder, modelsFolder } from '../model-home.ts';
import { type ModelFile, type ModelRecord, recordName } from '../model-record.ts';
import type { Fetched, PullContext } from './source.ts';

interface Wish {
  readonly name: string;
  readonly entry?: CatalogueEntry;
}

/** Looks whether the model can be read, and writes down what it consists of. */
export async function inspect(
  { name: called, entry }: Wish,
  { kind, files, licence, source, hashes }: Fetched,
  { folder, expected, progress, signal }: PullContext,
): Promise<ModelRecord> {
  const wanted = new Set(files);
  for (const name of await readdir(folder)) if (!wanted.has(name)) await rm(join(folder, name), { recursive: true });
  const description = await describeModel(kind, kind === 'folder' ? folder : join(folder, files[0]!));
  const sizes = await Promise.all(files.map(async (name) => (await stat(join(folder, name))).size));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const described: ModelFile[] = [];
  let before = 0;
  for (const [i, name] of files.entries()) {
    const path = join(folder, name);
    const onBytes = (done: number) => progress('checking', before + done, total);
    const sha256 = expected?.file === name ? expected.sha256 : (hashes?.get(name) ?? (await sha256OfFile(path, { onBytes, ...(signal && { signal }) })));
    described.push({ name, sizeBytes: sizes[i]!, sha256 });
    before += sizes[i]!;
    await syncFile(path);
  }
  return {
    format: 1,
    name: called,
    kind,
    files: described,
    source,
    licence: entry?.licence ?? licence ?? description.licence,
    ...(entry?.terms && { accepted: entry.terms.name }),
    pulledAt: new Date().toISOString(),
  };
}

const syncFile = async (path: string): Promise<void> => {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
};

/** Puts the folder in its place: one rename, after everything in it is on the disk. */
export async function keep(record: ModelRecord, folder: string, work: string): Promise<void> {
  await writeWhole(join(folder, recordName), [Buffer.from(`${JSON.stringify(record, null, 2)}\n`)]);
  const place = modelFolder(record.name);
  const aside = join(work, `replaced-${randomBytes(6).toString('hex')}`);
  await rename(place, aside).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  await rename(folder, place);
  await syncFolder(modelsFolder());
  await rm(work, { recursive: true, force: true });
}
