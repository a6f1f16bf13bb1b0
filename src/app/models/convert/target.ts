import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { ConfigError } from '../../../core/index.ts';
import { syncFolder } from '../../../formats/index.ts';
import { FileError, fileError } from '../../file-error.ts';
import { isModelFile } from '../pull/model-files.ts';
import { megabytes } from '../pull/source.ts';

/** Files of an ONNX folder. */
export const onnxFiles: ReadonlySet<string> = new Set(['model.onnx', 'model.safetensors', 'interface.json']);
const adapterFiles: ReadonlySet<string> = new Set(['adapter_config.json', 'adapter_model.safetensors', 'lyceum.json']);

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** What is replaced unasked is a file, or a folder that holds nothing but a model. */
const requireOurs = async (place: string, output: string, by: string): Promise<void> => {
  const names = await readdir(place).catch(() => []);
  const other = names.find((name) => !isModelFile(name) && !onnxFiles.has(name) && !adapterFiles.has(name));
  if (other !== undefined)
    throw new ConfigError(`${by}: expected a model at ${output} to replace, got a folder with ${other} in it; give another place, or remove it yourself`);
};

/**
 * Lets `make` fill a folder beside the place wanted, and puts what came of it there by one rename: it is whole or absent, and what was there before stays until then.
 *
 * @param bytes  room that it will take
 * @param by     the command, for what it says
 * @param made   what in the folder goes to the place: a file of it, or with undefined the folder itself
 * @throws ConfigError where something is in the place and `force` is off · FileError STORAGE where there is no room
 */
export const fillPlace = async (
  output: string,
  { bytes, force, made, by = 'models convert' }: { readonly bytes: number; readonly force: boolean; readonly made?: string; readonly by?: string },
  make: (folder: string) => Promise<void>,
): Promise<void> => {
  const place = resolve(output);
  const parent = dirname(place);
  if (!force && (await exists(place)))
    throw new ConfigError(`${by}: expected nothing at ${output}, got something there; give another place, or --force to replace it`);
  if (place === parent) throw new ConfigError(`${by}: expected the name of a file or folder to write, got ${output}; give another place`);
  if (force) await requireOurs(place, output, by);
  const aside = join(parent, `.${basename(place)}.${process.pid}-${randomBytes(6).toString('hex')}`);
  const [folder, replaced] = [`${aside}.tmp`, `${aside}.old`];
  try {
    await mkdir(folder);
    const { bavail, bsize } = await statfs(folder);
    if (bavail * bsize < bytes)
      throw new FileError('STORAGE', `${parent}: expected ${megabytes(bytes)} free, got ${megabytes(bavail * bsize)}; free some, or write to another disk`);
    await make(folder);
    await syncFolder(folder);
    if (force && (await exists(place))) await rename(place, replaced);
    await rename(made === undefined ? folder : join(folder, made), place);
    await syncFolder(parent);
  } catch (error) {
    if ((await exists(replaced)) && !(await exists(place))) await rename(replaced, place);
    throw fileError(error, output);
  } finally {
    await rm(folder, { recursive: true, force: true });
    await rm(replaced, { recursive: true, force: true });
  }
};
