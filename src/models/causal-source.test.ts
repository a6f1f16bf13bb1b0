import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError, FormatError, NotFoundError } from '../core/index.ts';
import { causalMemberFromGguf, causalSource } from './index.ts';
import { fixtureFolder } from './testing/fixture-folder.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lyceum-source-'));
});
afterAll(() => rm(folder, { recursive: true }));

const open = (name: string) => causalSource({ kind: 'folder', folder: join(folder, name) });

describe('a folder that is no model', () => {
  it.each([
    ['a list nested 100 000 deep for a family', `{"model_type": ${'['.repeat(1e5)}${']'.repeat(1e5)}}`, /expected a model_type of llama, .+, got a list; give/],
    ['an object for a family', '{"model_type": {"toString": null}}', /got an object; give/],
    ['a long name', JSON.stringify({ model_type: 'x'.repeat(1e6) }), /got "x{40}"; give/],
    [
      '10 000 keys that are not known',
      JSON.stringify({ model_type: 'llama', ...Object.fromEntries(Array.from({ length: 1e4 }, (_, i) => [`k${i}`, 1])) }),
      /^.{1,2500}$/,
    ],
  ])('%s is refused in a short sentence', async (name, text, message) => {
    await mkdir(join(folder, name));
    await writeFile(join(folder, name, 'config.json'), text);
    await expect(open(name)).rejects.toThrow(ConfigError);
    await expect(open(name)).rejects.toThrow(message);
  });

  it('a config of more blocks than the weights can hold is refused before they are built', async () => {
    const path = await fixtureFolder(join(folder, 'deep'), 'llama');
    await writeFile(join(path, 'config.json'), JSON.stringify({ model_type: 'gpt2', vocab_size: 1, n_positions: 1, n_embd: 2, n_layer: 1000, n_head: 1, activation_function: 'gelu', layer_norm_epsilon: 1e-5 })); // biome-ignore format: as it lies in a file
    await expect(open('deep')).rejects.toThrow(/expected the tensors of 1000 blocks, got \d+ tensors in all; the file holds another model/);
  });
});

describe.skipIf(process.platform === 'win32')('weights in several files', () => {
  it('are refused, without waiting, where the index leads to none, to a pipe, in a circle, or to a tensor twice', async () => {
    const path = await fixtureFolder(join(folder, 'sharded'), 'llama');
    await copyFile(join(path, 'model.safetensors'), join(path, 'a.safetensors'));
    await symlink('a.safetensors', join(path, 'b.safetensors'));
    await symlink('circle.safetensors', join(path, 'circle.safetensors'));
    execFileSync('mkfifo', [join(path, 'pipe.safetensors')]);
    await rm(join(path, 'model.safetensors'));
    const indexed = async (...names: string[]) => {
      await writeFile(join(path, 'model.safetensors.index.json'), JSON.stringify({ weight_map: Object.fromEntries(names.map((name, i) => [`${i}`, name])) }));
      return open('sharded');
    };
    expect((await indexed('a.safetensors')).parameters.length).toBeGreaterThan(10);
    await expect(indexed('a.safetensors', 'c.safetensors')).rejects.toThrow(/expected c\.safetensors, which model.+ names, got no such file; fetch/);
    await expect(indexed('circle.safetensors')).rejects.toThrow(NotFoundError);
    await expect(indexed('pipe.safetensors')).rejects.toThrow(/pipe\.safetensors: expected a file, got a pipe or a device; name a file/);
    await expect(indexed('a.safetensors', 'b.safetensors')).rejects.toThrow(
      /expected each tensor in one file, got ".+" in b\.safetensors and in .+a\.safetensors/,
    );
    await expect(indexed('../deep/model.safetensors')).rejects.toThrow(FormatError);
    await expect(indexed(...Array.from({ length: 3000 }, (_, i) => `${i}.safetensors`))).rejects.toThrow(/name 1 to 2000 files of this folder .+ got 3000;/);
  });
});

it('wide numbers for a name of a family are refused as anything else', () => {
  const of = (value: unknown) => () => causalMemberFromGguf(new Map([['general.architecture', value]]), new Set());
  expect(of(2n ** 63n)).toThrow(/got 9223372036854775808; give a model of one of these/);
  expect(of(new Float32Array(2 ** 20))).toThrow(/got a list; give/);
});
