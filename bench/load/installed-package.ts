import { spawnSync } from 'node:child_process';
import { copyFile, cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface InstalledPackage extends AsyncDisposable {
  /** A copy of this Node: nobody else's process shares its pages. */
  readonly node: string;
  /** `bin/lyceum.js` of the package as npm installs it, compiled from this checkout. */
  readonly bin: string;
  readonly folder: string;
}

/** Compiles the sources into a folder of its own, laid out as the package that users install. */
export const installPackage = async (): Promise<InstalledPackage> => {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const folder = await mkdtemp(join(tmpdir(), 'lyceum-installed-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    await mkdir(join(folder, 'bin'));
    await copyFile(join(root, 'bin/lyceum.js'), join(folder, 'bin/lyceum.js'));
    await copyFile(join(root, 'package.json'), join(folder, 'package.json'));
    await cp(join(root, 'models'), join(folder, 'models'), { recursive: true });
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
    await copyFile(process.execPath, join(folder, 'node'));
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    // With type errors it still writes what Node would run, and the commands show whether that works.
    spawnSync(process.execPath, [compiler, '-p', join(root, 'tsconfig.build.json'), '--outDir', join(folder, 'dist')], { stdio: ['ignore', 2, 2] });
  } catch (error) {
    await remove();
    throw error;
  }
  return { node: join(folder, 'node'), bin: join(folder, 'bin/lyceum.js'), folder, [Symbol.asyncDispose]: remove };
};
