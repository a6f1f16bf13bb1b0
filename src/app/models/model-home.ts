import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { ConfigError } from '../../core/index.ts';

/** Where models lie, for all workspaces of a user: LYCEUM_HOME, else the platform's data folder. */
export function modelHome(): string {
  const given = process.env['LYCEUM_HOME'];
  if (given) return resolve(given);
  const { platform, env } = process;
  if (platform === 'win32') return join(env['LOCALAPPDATA'] || join(homedir(), 'AppData', 'Local'), 'lyceum');
  if (platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'lyceum');
  return join(env['XDG_DATA_HOME'] || join(homedir(), '.local', 'share'), 'lyceum');
}

/** One folder a model; whatever begins with a dot is none. */
export const modelsFolder = (): string => join(modelHome(), 'models');

/** What is under way, or was broken off: on the same disk, so that a model comes to its place by a rename. */
export const unfinishedFolder = (): string => join(modelsFolder(), '.unfinished');

/** Name of a model as the name of a folder, on any file system. Errors: ConfigError where it is no name. */
export function folderName(name: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._:@=/#+-]*$/.test(name) || encodeURIComponent(name).length > 150)
    throw new ConfigError(
      `model ${JSON.stringify(name.slice(0, 200))}: expected a name of letters, digits and . _ - : / @ that begins with a letter or digit, got another; give one with --name`,
    );
  return encodeURIComponent(name);
}

/** The folder of a model that is there, or would be. */
export const modelFolder = (name: string): string => join(modelsFolder(), folderName(name));
