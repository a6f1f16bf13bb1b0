import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, stat, statfs, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { openSafetensors, writeSafetensors } from '../../formats/index.ts';
import type { Binding } from '../../runtime/index.ts';
import { dataHome } from '../data-home.ts';

type Constants = Map<string, Binding>;

/** Of how weights are prepared. */
export const preparationVersion = 5;
const unwritable = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT', 'ENOTDIR', 'EEXIST', 'ENAMETOOLONG']);
const mostFiles = 12; // those unused for longest go first

/** Where prepared weights lie: they can always be made again, so nothing is lost with the folder. */
export const keptFolder = (): string => join(dataHome(), 'prepared');

/**
 * Weights as a mode wants them, made once and kept beside the models: the next time they are mapped from there, neither read nor held in memory of ours.
 *
 * @param files  what they are made of: another size or time of change makes them again
 * @param mode   how they are made: within it a name has one value, whatever program asks
 * @param make   makes them, and perhaps others that are kept with them
 * @returns      bindings to the file, or the constants themselves where it cannot be written (read-only, no space)
 */
export const keptWeights = async (
  files: readonly string[],
  mode: string,
  names: readonly string[],
  make: () => Promise<Constants>,
): Promise<Map<string, Binding>> => {
  if (names.length === 0) return new Map();
  const stats = await Promise.all(files.map(async (file) => ({ file, stats: await stat(file) })));
  const key = digest([preparationVersion, mode, stats.map(({ file, stats: { size, mtimeMs } }) => [file, size, mtimeMs])]);
  // A file that is there stays as it is: sessions map it. Whoever asks for what none has gets one of its own.
  const own = `${key.slice(0, 16)}-`;
  for (const file of await readdir(keptFolder()).catch(() => []))
    if (file.startsWith(own) && file.endsWith('.safetensors')) {
      const found = await bindingsIn(join(keptFolder(), file), names);
      if (found) return found;
    }
  const made = await make();
  const path = join(keptFolder(), `${own}${digest([...made.keys()].sort()).slice(0, 16)}.safetensors`);
  const asked = new Map([...made].filter(([name]) => names.includes(name)));
  const tensors = new Map([...made].flatMap(([name, binding]) => (binding.kind === 'constant' ? [[name, binding.value] as const] : [])));
  try {
    await mkdir(keptFolder(), { recursive: true });
    const bytes = [...tensors.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
    const { bavail, bsize } = await statfs(keptFolder());
    if (bytes > (bavail * bsize) / 4) return asked; // the disk is nearly full: it has better uses
    await writeSafetensors(path, tensors as never, { format: String(preparationVersion), mode });
    await removeOldest();
  } catch (error) {
    // Where nothing can be written it is slower the next time, and as right.
    if (!unwritable.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    return asked;
  }
  return (await bindingsIn(path, names)) ?? asked;
};

const digest = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex');

const removeOldest = async (): Promise<void> => {
  const names = (await readdir(keptFolder())).filter((name) => name.endsWith('.safetensors'));
  const files = await Promise.all(names.map(async (name) => ({ path: join(keptFolder(), name), usedMs: (await stat(join(keptFolder(), name))).mtimeMs })));
  for (const { path } of files.sort((a, b) => b.usedMs - a.usedMs).slice(mostFiles)) await rm(path, { force: true });
};

const bindingsIn = async (path: string, names: readonly string[]): Promise<Map<string, Binding> | undefined> => {
  try {
    const file = await openSafetensors(path);
    if (names.some((name) => !file.tensors.has(name))) return undefined;
    const now = new Date();
    await utimes(path, now, now).catch(() => {}); // when it was last of use
    return new Map(
      names.map((name): [string, Binding] => {
        const { dtype, shape, offset } = file.tensors.get(name)!;
        return [name, { kind: 'frozen', file: path, offset, dtype: dtype as never, shape }];
      }),
    );
  } catch {
    return undefined; // not there, or damaged: it is made again
  }
};
