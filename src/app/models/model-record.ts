import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { FormatError, UnsupportedError } from '../../core/index.ts';
import { fileError } from '../file-error.ts';
import { modelFolder, modelsFolder } from './model-home.ts';

/** How a model is stored: one GGUF file, a Hugging Face folder, or one llama2.c checkpoint. */
export type ModelKind = 'gguf' | 'folder' | 'llama2c';

const fileSchema = z.strictObject({
  /** Inside the model's folder; never a path. */
  name: z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9._ +-]*$/),
  sizeBytes: z.number().int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

const schema = z.strictObject({
  format: z.literal(1),
  name: z.string(),
  kind: z.enum(['gguf', 'folder', 'llama2c']),
  files: z.array(fileSchema).min(1),
  /** What it was pulled from. */
  source: z.string(),
  licence: z.string().nullable(),
  /** Terms that were accepted to have it. */
  accepted: z.string().optional(),
  /** ISO 8601, UTC. */
  pulledAt: z.string(),
});

/** What lies in a model's folder: the last file written there, so a folder that has one is whole. */
export type ModelRecord = z.infer<typeof schema>;
export type ModelFile = z.infer<typeof fileSchema>;

export const recordName = 'model.json';

/** The record of a model that was pulled; undefined where there is none of this name. Errors: FormatError, UnsupportedError: it is not one of ours, or newer. */
export async function readRecord(name: string): Promise<ModelRecord | undefined> {
  const record = await readRecordIn(modelFolder(name));
  // On a file system that makes no difference between a and A, another model answers to this name.
  return record?.name === name ? record : undefined;
}

/** The record in a folder of the cache, whatever its name. Errors: as `readRecord`. */
export async function readRecordIn(folder: string): Promise<ModelRecord | undefined> {
  const path = join(folder, recordName);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw fileError(error, path);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new FormatError(`${path}: expected JSON, got ${(error as Error).message}; remove the folder and pull the model again`);
  }
  const { format } = (json ?? {}) as { format?: unknown };
  if (typeof format === 'number' && format > 1) throw new UnsupportedError(`${path}: expected format 1, got ${format}; a newer Lyceum wrote it: use that one`);
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new FormatError(
      `${path}: expected a model's record, got at ${issue?.path.join('.') || 'the top'}: ${issue?.message}; remove the folder and pull the model again`,
    );
  }
  return parsed.data;
}

/** All models that were pulled, by name. One whose record cannot be read is told to `onBroken`, with its reason. */
export async function readRecords(onBroken: (folder: string, reason: string) => void = () => {}): Promise<ModelRecord[]> {
  const folder = modelsFolder();
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw fileError(error, folder);
  }
  const found: ModelRecord[] = [];
  for (const name of names.filter((name) => !name.startsWith('.')).sort()) {
    try {
      const record = await readRecordIn(join(folder, name));
      if (record) found.push(record);
      else onBroken(join(folder, name), `expected ${recordName} in it, got none; remove the folder`);
    } catch (error) {
      onBroken(join(folder, name), (error as Error).message);
    }
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** What `--model` reads: the one file, or the folder. */
export const recordPath = ({ name, kind, files }: ModelRecord): string => (kind === 'folder' ? modelFolder(name) : join(modelFolder(name), files[0]!.name));

export const sizeOf = (files: readonly ModelFile[]): number => files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
