import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { FormatError, NotFoundError } from '../../core/index.ts';
import { fileError } from '../file-error.ts';
import { bundled, bundledFolder, catalogue } from './catalogue.ts';
import { kindOfFile } from './describe-model.ts';
import { type ModelKind, readRecord, recordPath } from './model-record.ts';
import { megabytes } from './pull/source.ts';

export interface ResolvedModel {
  readonly kind: ModelKind;
  /** The file; for `folder` the folder. */
  readonly path: string;
  readonly name: string;
  /** The catalogue's, for a file that brings none of its own. */
  readonly chatTemplate?: string;
  /** It is in the cache, or comes with Lyceum; otherwise a file or folder of the user's. */
  readonly pulled: boolean;
}

/**
 * Finds what `--model` names: a name that `lyceum models list` prints, a GGUF file, a llama2.c checkpoint, or a Hugging Face folder. A name wins over a path of the same spelling (`./name` is a path).
 *
 * @throws NotFoundError that says what to pull · FormatError: a file or folder that is no model · FileError
 */
export async function resolveModel(model: string): Promise<ResolvedModel> {
  const named = await findPulled(model);
  if (named) return named;
  const path = resolve(model);
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw fileError(error, model);
  });
  const entry = catalogue.find(({ name }) => name === model);
  if (entry && !found)
    throw new NotFoundError(
      `model ${model}: expected it in the cache, got nothing there; fetch it (${megabytes(entry.sizeBytes)}): lyceum models pull ${model}`,
    );
  if (!found) {
    const source = /^(hf|npm|pypi|file):/.test(model);
    const advice = source ? `fetch it: lyceum models pull ${model}` : '`lyceum models list` prints the names; `lyceum models pull …` fetches more';
    throw new NotFoundError(`model ${JSON.stringify(model)}: expected a GGUF file, a Hugging Face folder or a name of a model, got none of these; ${advice}`);
  }
  const name = basename(path);
  if (!found.isDirectory()) return { kind: await kindOfFile(path), path, name, pulled: false };
  const names = await readdir(path);
  if (names.includes('config.json')) return { kind: 'folder', path, name, pulled: false };
  const ggufs = names.filter((file) => file.toLowerCase().endsWith('.gguf'));
  if (ggufs.length === 1) return { kind: 'gguf', path: join(path, ggufs[0]!), name, pulled: false };
  throw new FormatError(
    `model ${model}: expected a folder with config.json, or with one GGUF file, got ${ggufs.length === 0 ? 'neither' : `${ggufs.length} GGUF files`}; name the file`,
  );
}

async function findPulled(name: string): Promise<ResolvedModel | undefined> {
  if (name === bundled.name) return { kind: 'folder', path: bundledFolder(), name, pulled: true };
  if (!/^[A-Za-z0-9]/.test(name)) return undefined;
  const record = await readRecord(name).catch((error) => {
    if ((error as { code?: string }).code === 'CONFIG') return undefined; // no name that a model could have
    throw error;
  });
  if (!record) return undefined;
  const { chatTemplate } = catalogue.find((entry) => entry.name === name) ?? {};
  return { kind: record.kind, path: recordPath(record), name, pulled: true, ...(chatTemplate !== undefined && { chatTemplate }) };
}
