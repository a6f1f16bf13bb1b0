import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { adapterModel, modelFor } from './adapter-model.ts';
import { ownHome } from './testing/own-home.ts';

const own = ownHome();
const at = (...names: string[]): string => join(own.path, ...names);
const put = async (place: string, name: string, value: unknown): Promise<void> => {
  await mkdir(at(place), { recursive: true });
  await writeFile(at(place, name), typeof value === 'string' ? value : JSON.stringify(value));
};

it('is the model that the run was told, a path from where that was, else the one of the record', async () => {
  await put('work/tiny', 'config.json', {});
  await put('run', 'asked.json', { directory: at('work'), asked: { model: './tiny' } });
  await put('run/adapter', 'lyceum.json', { base: { name: 'tiny' } });
  for (const folder of [at('run'), at('run', 'adapter')]) expect(await adapterModel(folder)).toBe(at('work', 'tiny'));
  await put('named', 'asked.json', { directory: at('work'), asked: { model: 'gemma-3-270m' } });
  expect(await adapterModel(at('named'))).toBe('gemma-3-270m');
  await put('mixed/adapter', 'lyceum.json', { base: { name: 'stories15m' } });
  for (const folder of [at('mixed'), at('mixed', 'adapter')]) expect(await adapterModel(folder)).toBe('stories15m');
  await put('broken', 'asked.json', '{');
  expect(await adapterModel(at('broken'))).toBeUndefined();
  expect(await modelFor({ model: 'mine', adapter: at('named') })).toBe('mine');
  expect(await modelFor({ adapter: at('named') })).toBe('gemma-3-270m');
  expect([await modelFor({ adapter: at('broken') }), await modelFor({})]).toEqual(['smollm2-135m-instruct', 'smollm2-135m-instruct']);
});
