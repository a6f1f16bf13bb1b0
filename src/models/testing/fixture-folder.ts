import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openSafetensors } from '../../formats/index.ts';

/** Writes a tiny model of the fixtures as a folder like Hugging Face's, without a tokenizer. @returns the folder */
export const fixtureFolder = async (folder: string, name: string): Promise<string> => {
  const path = fileURLToPath(new URL(`../fixtures/${name}-tiny.safetensors`, import.meta.url));
  await mkdir(folder, { recursive: true });
  await copyFile(path, join(folder, 'model.safetensors'));
  await writeFile(join(folder, 'config.json'), (await openSafetensors(path)).metadata['config']!);
  return folder;
};

/** The folder of an adapter of the fixtures. */
export const adapterFixture = (name: string): string => fileURLToPath(new URL(`../fixtures/adapters/${name}`, import.meta.url));
