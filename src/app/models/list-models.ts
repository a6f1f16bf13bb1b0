import { stat } from 'node:fs/promises';
import { bundled, bundledFolder, catalogue } from './catalogue.ts';
import { type ModelKind, readRecords, recordPath, sizeOf } from './model-record.ts';
import { modelFiles } from './show-model.ts';

export interface ListedModel {
  /** What `--model` takes. */
  readonly name: string;
  readonly kind: ModelKind;
  readonly sizeBytes: number;
  readonly licence: string | null;
  readonly source: string;
  readonly path: string;
}

export interface ModelList {
  /** Those that are here. */
  readonly models: readonly ListedModel[];
  /** Those of the catalogue that can be pulled. */
  readonly available: readonly { readonly name: string; readonly about: string; readonly sizeBytes: number; readonly licence: string }[];
}

/** The models that are here, and those of the catalogue that are not. A folder of the cache that is no model is told to `onBroken`. */
export async function listModels(onBroken?: (folder: string, reason: string) => void): Promise<ModelList> {
  const records = await readRecords(onBroken);
  const pulled = records.map((record) => {
    const { name, kind, files, licence, source } = record;
    return { name, kind, sizeBytes: sizeOf(files), licence, source, path: recordPath(record) };
  });
  const path = bundledFolder();
  const sizes = await Promise.all((await modelFiles('folder', path)).map(async (file) => (await stat(file)).size));
  const sizeBytes = sizes.reduce((sum, size) => sum + size, 0);
  const own = { name: bundled.name, kind: 'folder' as const, sizeBytes, licence: bundled.licence, source: bundled.package, path };
  const here = new Set(records.map(({ name }) => name));
  return {
    models: [own, ...pulled].sort((a, b) => (a.name < b.name ? -1 : 1)),
    available: catalogue.filter(({ name }) => !here.has(name)).map(({ name, about, sizeBytes, licence }) => ({ name, about, sizeBytes, licence })),
  };
}
