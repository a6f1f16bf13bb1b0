import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LensOf, ListedSites, PatchedPair } from '../src/app/inspect/index.ts';
import { openLanguageModel } from '../src/app/language-model/index.ts';
import { tinyConfig, writeTinyModel } from '../src/app/testing/tiny-language-model.ts';

const bin = new URL('../bin/lyceum.js', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'lyceum-inspect-'));
const inspect = (...args: readonly string[]) =>
  spawnSync(process.execPath, [bin, 'inspect', ...args, '--threads', '1'], { cwd: folder, env: { ...process.env, NO_COLOR: '1' }, encoding: 'utf8' });

beforeAll(() => writeTinyModel(join(folder, 'tiny')));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('lyceum inspect patch', () => {
  const [source, target] = ['Anna is a nurse. Anna is a', 'Marta lives in Oslo. Marta lives in'];

  it('tells the likeliest tokens of either prompt, as the model by itself gives them, and of the target patched after every block', async () => {
    const { status, stdout, stderr } = inspect('patch', '--model', './tiny', '--source', source, '--target', target, '--json');
    expect(status, stderr).toBe(0);
    const { sourceTop, targetTop, layers } = JSON.parse(stdout) as PatchedPair;
    expect(layers.map(({ layer }) => layer)).toEqual(Array.from({ length: tinyConfig.num_hidden_layers }, (_, i) => i + 1));
    for (const { top } of layers) {
      expect(top).toHaveLength(5);
      for (const [i, { probability }] of top.entries()) expect(probability).toBeLessThanOrEqual(top[i - 1]?.probability ?? 1);
    }
    expect(layers.at(-1)!.top).toEqual(sourceTop); // after the last block nothing of the target is left
    expect(layers[0]!.top).not.toEqual(sourceTop);
    await using model = await openLanguageModel(join(folder, 'tiny'), { threads: 1, weights: 'f32' });
    for (const [prompt, top] of [[source, sourceTop], [target, targetTop]] as const) // biome-ignore format: pairs
      expect((await model.generate({ prompt, maxTokens: 1 })).tokenIds[0]).toBe(top[0]!.id);
  });

  it('draws it on a terminal, a row a layer', () => {
    const { status, stdout } = inspect('patch', '--model', './tiny', '--source', source, '--target', target);
    expect(status).toBe(0);
    expect(stdout.split('\n').filter((line) => /^ +\d+ {2}/.test(line))).toHaveLength(tinyConfig.num_hidden_layers);
  });

  it.each([
    [['--source', '', '--target', target], /expected a source of at least one token, got an empty text/],
    [['--source', source, '--target', 'a'.repeat(400)], /prompt 1: expected at most 256 tokens, got 400; shorten it/],
    [['--source', source], /--target <text>/],
  ] as const)('refuses %j', (args, message) => {
    const { status, stdout, stderr } = inspect('patch', '--model', './tiny', ...args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
  });
});

describe('lyceum inspect lens', () => {
  it('ends with what the model says, and tells as many places as were asked for', async () => {
    const prompt = 'Marta lives in Oslo. Marta lives in';
    const { status, stdout, stderr } = inspect('lens', '--model', './tiny', '--prompt', prompt, '--last', '3', '--json');
    expect(status, stderr).toBe(0);
    const { tokens, layers } = JSON.parse(stdout) as LensOf;
    expect(tokens.join('')).toBe(prompt);
    expect(layers.map(({ layer }) => layer)).toEqual(Array.from({ length: tinyConfig.num_hidden_layers + 1 }, (_, i) => i));
    for (const { places } of layers) expect(places.map(({ place }) => place)).toEqual([1, 2, 3].map((back) => tokens.length - 4 + back));
    await using model = await openLanguageModel(join(folder, 'tiny'), { threads: 1, weights: 'f32' });
    expect(layers.at(-1)!.places.at(-1)!.top[0]!.id).toBe((await model.generate({ prompt, maxTokens: 1 })).tokenIds[0]);
    expect(
      inspect('lens', '--model', './tiny', '--prompt', prompt)
        .stdout.split('\n')
        .filter((line) => /^ +\d+ {2}/.test(line)),
    ).toHaveLength(layers.length);
  });
});

describe('lyceum inspect sites', () => {
  it('lists the places of a model in the order in which they are computed', () => {
    const { status, stdout, stderr } = inspect('sites', '--model', './tiny', '--json');
    expect(status, stderr).toBe(0);
    const { layers, sites } = JSON.parse(stdout) as ListedSites;
    expect(layers).toBe(tinyConfig.num_hidden_layers);
    expect([sites[0]!.site, sites.at(-1)!.site]).toEqual(['embed', 'logits']);
    expect(sites.find(({ site }) => site === 'blocks.N.resid.post')!.shape).toEqual(['batch', 'seq', tinyConfig.hidden_size]);
  });
});
