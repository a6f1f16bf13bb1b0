import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Binding } from '../../runtime/index.ts';
import { keptFolder, keptWeights } from './kept-weights.ts';

let folder: string;
const home = process.env['LYCEUM_HOME'];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lyceum-kept-'));
  process.env['LYCEUM_HOME'] = folder;
});
afterAll(async () => {
  if (home === undefined) delete process.env['LYCEUM_HOME'];
  else process.env['LYCEUM_HOME'] = home;
  await rm(folder, { recursive: true, force: true });
});

it('keeps what is made for all who ask for it, in files that do not change, and gives each what it asked for', async () => {
  const file = join(folder, 'model');
  await writeFile(file, 'weights');
  let made = 0;
  const ask = (names: readonly string[], more: readonly string[] = []) =>
    keptWeights([file], 'int8', names, async () => {
      made++;
      const value = (name: string): Binding => ({ kind: 'constant', value: { dtype: 'float32', shape: [2], data: Float32Array.of(name.length, 1) } });
      return new Map([...more, ...names].map((name) => [name, value(name)]));
    });
  const first = await ask(['a', 'bb'], ['ccc']);
  expect([...first.keys()]).toEqual(['a', 'bb']);
  expect([...(await ask(['ccc', 'a'])).keys()]).toEqual(['ccc', 'a']);
  expect(made).toBe(1);
  const bytes = async () => Promise.all((await readdir(keptFolder())).sort().map(async (name) => [name, await readFile(join(keptFolder(), name))] as const));
  const [before] = await bytes();
  expect([...(await ask(['dddd', 'a'])).values()].map(({ kind }) => kind)).toEqual(['frozen', 'frozen']);
  expect(made).toBe(2);
  expect(await bytes()).toContainEqual(before); // whoever has mapped it reads what was there
  expect(await ask(['a', 'bb'])).toEqual(first);
  expect(made).toBe(2);
});
