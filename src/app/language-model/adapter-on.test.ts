import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { randomValues } from '../../adapt/files/testing/sources.ts';
import { methodOf, saveAdapter } from '../../adapt/index.ts';
import { type CausalSource, causalSource, openCausalFiles } from '../../models/index.ts';
import { ownHome } from '../testing/own-home.ts';
import { writeTinyAdapter } from '../testing/tiny-adapter.ts';
import { writeTinyModel } from '../testing/tiny-language-model.ts';
import { adapterSha256 } from './adapter-on.ts';

const own = ownHome();
let source: CausalSource;
beforeAll(async () => {
  source = await causalSource(await openCausalFiles('folder', await writeTinyModel(join(own.path, 'tiny'))));
});

it('the hash of an adapter is of its values and its method: not of how it was trained, nor where it lies', async () => {
  const save = async (name: string, alpha: number, training: Record<string, number>) => {
    const method = methodOf('lora', { rank: 2, alpha });
    const folder = join(own.path, name);
    await saveAdapter(folder, { method, values: await randomValues(source, method), source, base: { name: 'tiny', sha256: 'a'.repeat(64) }, training });
    return folder;
  };
  const first = await adapterSha256(await save('first', 4, { steps: 3 }));
  expect(first).toMatch(/^[0-9a-f]{64}$/);
  expect(await adapterSha256(await save('longer', 4, { steps: 9 }))).toBe(first);
  expect(await adapterSha256(await save('stronger', 8, { steps: 3 }))).not.toBe(first);
  await cp(join(own.path, 'first'), join(own.path, 'run', 'adapter'), { recursive: true });
  expect(await adapterSha256(join(own.path, 'run'))).toBe(first);
});

it('of PEFT’s it is of weights and configuration', async () => {
  const folder = await writeTinyAdapter(join(own.path, 'peft'));
  const before = await adapterSha256(folder);
  const [config, weights] = ['adapter_config.json', 'adapter_model.safetensors'].map((name) => join(folder, name)) as [string, string];
  const bytes = await readFile(weights);
  bytes[bytes.length - 1]! ^= 1;
  await writeFile(weights, bytes);
  const other = await adapterSha256(folder);
  await writeFile(config, (await readFile(config, 'utf8')).replace('"lora_alpha":3', '"lora_alpha":4'));
  expect(new Set([before, other, await adapterSha256(folder)]).size).toBe(3);
  await expect(adapterSha256(join(own.path, 'nobody'))).rejects.toThrow(/adapter_config.json: expected a file or folder, got nothing/);
});
