import { join } from 'node:path';
import { ConfigError } from '../../core/index.ts';
import { dataHome } from '../data-home.ts';

/** One folder a model; whatever begins with a dot is none. */
export const modelsFolder = (): string => join(dataHome(), 'models');

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
