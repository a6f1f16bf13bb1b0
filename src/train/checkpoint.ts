import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { FormatError } from '../core/index.ts';
import { openSafetensors, writeSafetensors, writeWhole } from '../formats/index.ts';
import type { TensorData } from '../runtime/index.ts';

const formatVersion = 1;
const weightsFile = 'state.safetensors';
const manifestFile = 'manifest.json';

export interface Checkpoint<State> {
  readonly step: number;
  readonly state: State;
  readonly tensors: Record<string, TensorData>;
}

interface Manifest<State> {
  readonly format: number;
  readonly step: number;
  readonly state: State;
  readonly files: Readonly<Record<string, string>>;
}

const nameOf = (step: number): string => `step-${String(step).padStart(9, '0')}`;

/**
 * Writes a checkpoint that is whole or absent: tensors, then the manifest with their SHA-256, then the folder gets its name. The one before stays until that is done.
 *
 * @param state  anything JSON holds
 */
export const writeCheckpoint = async <State>(folder: string, { step, state, tensors }: Checkpoint<State>): Promise<void> => {
  await mkdir(folder, { recursive: true });
  const temporary = join(folder, `.${nameOf(step)}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`);
  await mkdir(temporary);
  try {
    await writeSafetensors(join(temporary, weightsFile), tensors);
    const manifest: Manifest<State> = { format: formatVersion, step, state, files: { [weightsFile]: await sha256Of(join(temporary, weightsFile)) } };
    await writeWhole(join(temporary, manifestFile), [new TextEncoder().encode(`${JSON.stringify(manifest, null, 2)}\n`)]);
    const target = join(folder, nameOf(step));
    await rm(target, { recursive: true, force: true });
    await rename(temporary, target);
    await syncFolder(folder);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
  for (const entry of await readdir(folder)) if (entry !== nameOf(step)) await rm(join(folder, entry), { recursive: true, force: true });
};

/**
 * The newest checkpoint that is whole, or undefined. One whose bytes are not what its manifest says is passed over and reported.
 *
 * @throws FormatError when there are checkpoints, but none is whole
 */
export const readCheckpoint = async <State>(folder: string, onDamage: (message: string) => void = () => {}): Promise<Checkpoint<State> | undefined> => {
  const entries = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [] as string[];
    throw error;
  });
  const named = entries.filter((entry) => /^step-\d+$/.test(entry)).sort((a, b) => Number(b.slice(5)) - Number(a.slice(5)));
  for (const entry of named) {
    try {
      return await readOne<State>(join(folder, entry));
    } catch (error) {
      onDamage(`${join(folder, entry)}: ${(error as Error).message}`);
    }
  }
  if (named.length === 0) return undefined;
  throw new FormatError(`${folder}: expected a whole checkpoint among ${named.length}, got none; remove the folder to train from the beginning`);
};

const readOne = async <State>(folder: string): Promise<Checkpoint<State>> => {
  const manifest = JSON.parse(await readFile(join(folder, manifestFile), 'utf8')) as Manifest<State>;
  if (manifest.format !== formatVersion)
    throw new FormatError(`expected checkpoint format ${formatVersion}, got ${manifest.format}; another version of Lyceum wrote it`);
  const path = join(folder, weightsFile);
  const sha256 = await sha256Of(path);
  if (sha256 !== manifest.files[weightsFile])
    throw new FormatError(`expected ${weightsFile} with SHA-256 ${manifest.files[weightsFile]}, got ${sha256}; the file is damaged`);
  const file = await openSafetensors(path);
  const tensors: Record<string, TensorData> = {};
  for (const name of file.tensors.keys()) tensors[name] = (await file.read(name)) as TensorData;
  return { step: manifest.step, state: manifest.state, tensors };
};

/** SHA-256 of a file, in hexadecimal. */
export const sha256Of = async (path: string): Promise<string> => {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
};

const syncFolder = async (folder: string): Promise<void> => {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};
