import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
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

it('keeps in one file what all programs of a model ask for, each made once, and gives each what it asked for', async () => {
  const file = join(folder, 'model');
  await writeFile(file, 'weights');
  const made: string[] = [];
  const ask = (names: readonly string[], more: readonly string[] = []) =>
    keptWeights([file], 'int8', names, async () => {
      made.push(...names);
      const value = (name: string): Binding => ({ kind: 'constant', value: { dtype: 'float32', shape: [2], data: Float32Array.of(name.length, 1) } });
      return new Map([...names, ...more].map((name) => [name, value(name)]));
    });
  expect([...(await ask(['a', 'bb'], ['ccc'])).keys()]).toEqual(['a', 'bb']);
  expect([...(await ask(['ccc', 'a'])).keys()]).toEqual(['ccc', 'a']);
  expect(made).toEqual(['a', 'bb']);
  const bound = await ask(['dddd', 'a']);
  expect([...bound.values()].map(({ kind }) => kind)).toEqual(['frozen', 'frozen']);
  expect(made).toEqual(['a', 'bb', 'dddd', 'a']);
  expect([...(await ask(['bb', 'ccc', 'dddd'])).keys()]).toEqual(['bb', 'ccc', 'dddd']);
  expect(made).toHaveLength(4);
  expect(await readdir(keptFolder())).toHaveLength(1);
});
