import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { LyceumError } from '../../core/index.ts';
import { sha256OfFile } from '../../formats/index.ts';
import type { Device } from '../../runtime/index.ts';
import { type WeightModes, weightModes } from '../language-model/weight-modes.ts';
import { bundled, catalogue, type KnownPerplexity } from './catalogue.ts';
import { describeModel, type ModelDescription } from './describe-model.ts';
import { type ModelFile, type ModelKind, readRecord, sizeOf } from './model-record.ts';
import { isModelFile } from './pull/model-files.ts';
import { type ResolvedModel, resolveModel } from './resolve-model.ts';

export interface ShownModel extends ModelDescription {
  readonly name: string;
  readonly kind: ModelKind;
  readonly path: string;
  readonly sizeBytes: number;
  /** Of the file of weights; of several, see `modelSha256`. */
  readonly sha256: string;
  /** What it was pulled from; null for a file or folder of the user's. */
  readonly source: string | null;
  /** How its weights are held when it runs, mode by mode; null where it is no language model that runs here. */
  readonly modes: WeightModes | null;
  /** What the catalogue knows of the modes' perplexity, for a file that it names; null for others. What is measured here stands in `modes`. */
  readonly knownPerplexity: KnownPerplexity | null;
  /** Why `modes` is null, for a model that looks like a language model. */
  readonly cannotRun: string | null;
}

interface ShowOptions extends HashOptions {
  readonly device?: Device;
}

interface HashOptions {
  readonly signal?: AbortSignal;
  readonly onBytes?: (done: number) => void;
}

/** What there is to know of a model: a name that `models list` prints, a GGUF file, a llama2.c checkpoint or a Hugging Face folder. Errors: as `resolveModel` and `describeModel`. */
export async function showModel(model: string, options: ShowOptions = {}): Promise<ShownModel> {
  const { name, kind, path, pulled } = await resolveModel(model);
  const description = await describeModel(kind, path);
  const record = pulled ? await readRecord(name) : undefined;
  const files = record?.files ?? (await filesOf(kind, path, options));
  const licence = record?.licence ?? (pulled && name === bundled.name ? bundled.licence : null) ?? description.licence;
  const source = record?.source ?? (pulled ? bundled.package : null);
  const run = description.family === 'bert' ? { modes: null, cannotRun: null } : await modesOf(kind, path, options.device);
  const sha256 = modelSha256(kind, files);
  const knownPerplexity = catalogue.find((entry) => entry.sha256 === sha256)?.perplexity ?? null;
  return { ...description, name, kind, path, sizeBytes: sizeOf(files), sha256, licence, source, knownPerplexity, ...run };
}

/** Its weights as the modes hold them; a file whose head can be read may still be no model that runs here. */
const modesOf = async (kind: ModelKind, path: string, device?: Device): Promise<Pick<ShownModel, 'modes' | 'cannotRun'>> => {
  try {
    return { modes: await weightModes(kind, path, device), cannotRun: null };
  } catch (error) {
    if (!(error instanceof LyceumError)) throw error;
    return { modes: null, cannotRun: error.message };
  }
};

/** SHA-256 of a resolved model's weights: what its record says, else what its files give. */
export async function weightsSha256({ name, kind, path, pulled }: ResolvedModel, options: HashOptions = {}): Promise<string> {
  const record = pulled ? await readRecord(name) : undefined;
  return modelSha256(kind, record?.files ?? (await filesOf(kind, path, options)));
}

/** The files of a model that was not pulled, with their hashes. */
export async function filesOf(kind: ModelKind, path: string, options: HashOptions = {}): Promise<ModelFile[]> {
  const found: ModelFile[] = [];
  for (const file of await modelFiles(kind, path))
    found.push({ name: basename(file), sizeBytes: (await stat(file)).size, sha256: await sha256OfFile(file, options) });
  return found;
}

/** Paths of the files that make a model. */
export async function modelFiles(kind: ModelKind, path: string): Promise<string[]> {
  if (kind !== 'folder') return [path];
  const names = (await readdir(path)).filter((name) => isModelFile(name) || name.endsWith('.safetensors'));
  return names.sort().map((name) => join(path, name));
}

/** SHA-256 of a model: of its file of weights. Of several, that of their lines `sha256  name`, sorted by name, as `sha256sum` writes them. */
export function modelSha256(kind: ModelKind, files: readonly ModelFile[]): string {
  const weights = kind === 'folder' ? files.filter(({ name }) => name.endsWith('.safetensors')) : files;
  if (weights.length === 1) return weights[0]!.sha256;
  const lines = weights.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(({ name, sha256 }) => `${sha256}  ${name}\n`);
  return createHash('sha256').update(lines.join('')).digest('hex');
}
