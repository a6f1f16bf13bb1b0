import { readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

const json = async (path: string): Promise<Record<string, unknown> | undefined> => {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  } catch {
    return undefined; // whoever opens the adapter says what is wrong with it
  }
};
const textOf = (value: unknown, key: string): string | undefined => {
  const found = (value as Record<string, unknown> | null | undefined)?.[key];
  return typeof found === 'string' ? found : undefined;
};

/**
 * The model that goes with an adapter where none is named: as its run was told it, a path from where that was, else by the name in its record. Its hash is compared when it is opened.
 *
 * @param folder  of the adapter, or of the run that made it
 * @returns       undefined where nothing says it, as of an adapter that PEFT wrote
 */
export const adapterModel = async (folder: string): Promise<string | undefined> => {
  for (const run of [folder, dirname(resolve(folder))]) {
    const kept = await json(join(run, 'asked.json'));
    const model = textOf(kept?.['asked'], 'model');
    if (model === undefined) continue;
    const path = resolve(textOf(kept, 'directory') ?? '.', model);
    return (await stat(path).catch(() => undefined)) ? path : model;
  }
  for (const place of [folder, join(folder, 'adapter')]) {
    const name = textOf((await json(join(place, 'lyceum.json')))?.['base'], 'name');
    if (name !== undefined) return name;
  }
  return undefined;
};

const usual = 'smollm2-135m-instruct';

/** The model to open: the one named, else that of the adapter, else the usual one. */
export const modelFor = async ({ model, adapter }: { readonly model?: string; readonly adapter?: string }): Promise<string> =>
  model ?? (adapter === undefined ? undefined : await adapterModel(adapter)) ?? usual;
