import { readdir, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { NotFoundError } from '../../core/index.ts';
import { guardFile, readGuardSettings, shippedGuard } from '../language-model/index.ts';
import type { LocalGuard, LocalGuards } from '../server/index.ts';

/** What the guard that comes with Lyceum is called. */
export const shippedName = 'shipped';
const most = 100; // folders that are listed

/** The guard that ships with Lyceum, and those of a workspace: folders of `lyceum guard calibrate` in its `guards`, or beside it. They go by their path from where the workspace lies. */
export const localGuards = ({ dir }: { readonly dir: string }): LocalGuards => {
  const home = dirname(resolve(dir));
  const named = async (): Promise<Map<string, string>> => {
    const found = (await Promise.all([home, join(dir, 'guards')].map(guardsIn))).flat();
    const name = (folder: string): string => relative(home, folder).replaceAll('\\', '/');
    return new Map(found.slice(0, most).map((folder) => [name(folder) === shippedName ? `./${shippedName}` : name(folder), resolve(folder)]));
  };
  return {
    async list() {
      const own = [...(await named())].map(async ([name, folder]): Promise<LocalGuard> => {
        try {
          return { name, settings: await readGuardSettings(folder), trouble: null };
        } catch (error) {
          return { name, settings: null, trouble: error instanceof Error ? error.message : String(error) };
        }
      });
      return [{ name: shippedName, settings: await shippedGuard(), trouble: null }, ...(await Promise.all(own))];
    },
    async settings(name) {
      if (name === shippedName) return await shippedGuard();
      const folder = (await named()).get(name);
      if (folder === undefined)
        throw new NotFoundError(`guards: expected a name that GET /api/guards lists, got ${JSON.stringify(name)}; \`lyceum guard calibrate\` makes one.`);
      return await readGuardSettings(folder);
    },
  };
};

/** Folders just below one that hold a guard, by name; none where it cannot be listed. */
const guardsIn = async (folder: string): Promise<string[]> => {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
  const held = await Promise.all(folders.map((path) => stat(join(path, guardFile)).then((file) => file.isFile(), () => false))); // biome-ignore format: one call
  return folders.filter((_, i) => held[i]).sort();
};
