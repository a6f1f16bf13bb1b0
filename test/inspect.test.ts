import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LensOf, ListedSites, OrionOutcome, PatchedPair } from '../src/app/inspect/index.ts';
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

describe('lyceum inspect orion', () => {
  const task = {
    orionTask: 1,
    family: 'letters',
    variant: 'two',
    pools: { letters: ['b', 'd', 'k', 'm', 't'] },
    slots: { left: 'letters', right: 'letters' },
    entities: [
      { side: 'left', letter: '{left}' },
      { side: 'right', letter: '{right}' },
    ],
    requests: ['left', 'right'].map((side) => ({ ask: 'letter', where: { side }, words: { side } })),
    templates: ['left={left};right={right};{side}='],
    answer: { leadingSpace: false },
  };
  writeFileSync(join(folder, 'task.json'), JSON.stringify(task));
  const orion = (...args: readonly string[]) => inspect('orion', '--model', './tiny', '--prompts', '6', '--pairs', '4', ...args);

  it('asks a task of the user’s, keeps what is finished, and writes a report', () => {
    const { status, stdout, stderr } = orion('--tasks', './task.json', '--json');
    expect(status, stderr).toBe(0);
    const found = JSON.parse(stdout) as OrionOutcome & { report: string };
    expect(found).toMatchObject({ model: 'tiny', layers: tinyConfig.num_hidden_layers, prompts: 6, pairs: 4, weights: 'f32', skipped: [] });
    const [only] = found.tasks;
    expect(only).toMatchObject({ family: 'letters', variant: 'two', n: 6, passed: false, L2: null }); // weights at random know nothing
    expect(found.cells).toEqual({ passed: 0, above70: 0 });
    expect(readFileSync(join(folder, found.report), 'utf8')).toContain('letters');
    const kept = join(folder, '.lyceum/inspect/tiny-orion/letters--two.json');
    const before = statSync(kept).mtimeMs;
    expect(JSON.parse(orion('--tasks', './task.json', '--json').stdout)).toEqual(found);
    expect(statSync(kept).mtimeMs).toBe(before);
    orion('--tasks', './task.json', '--seed', '7');
    expect(statSync(kept).mtimeMs).toBeGreaterThan(before); // other settings are another measurement
  });

  it('puts results of models side by side, and needs no model for that', () => {
    orion('--tasks', './task.json', '--output', 'first', '--quiet');
    const both = inspect('orion', 'compare', 'first', 'first/result.json', '--output', 'both.html', '--json');
    expect(both.status, both.stderr).toBe(0);
    expect(JSON.parse(both.stdout)).toMatchObject({
      verdict: expect.stringContaining('1 model and their families of tasks make 1 cell, none of which is known'),
      cells: [{ model: 'tiny', family: 'letters', asked: 2, known: [], moved: null, isMoved: false }],
    });
    expect(readFileSync(join(folder, 'both.html'), 'utf8')).toContain('letters');
    const none = inspect('orion', 'compare', 'nowhere');
    expect([none.status, none.stdout]).toEqual([2, '']);
    expect(none.stderr).toMatch(/nowhere: expected a finished run of lyceum inspect orion, with result\.json, got none/);
    writeFileSync(join(folder, 'other.json'), '{"model": "tiny"}');
    expect(inspect('orion', 'compare', 'other.json').stderr).toMatch(/other\.json: expected what lyceum inspect orion writes, got at tasks/);
    const without = inspect('orion', '--tasks', 'induction');
    expect([without.status, without.stdout]).toEqual([2, '']);
    expect(without.stderr).toMatch(/inspect orion: expected --model MODEL, got none/);
  });

  it('tells tasks that the model cannot be given, and what it does not know', () => {
    const long = orion('--tasks', 'induction', '--output', 'long', '--json');
    expect(long.status).toBe(3);
    expect((JSON.parse(long.stdout) as OrionOutcome).skipped[0]!.reason).toMatch(/expected at most 256 tokens|first token|begin with/);
    const unknown = orion('--tasks', 'cooking');
    expect([unknown.status, unknown.stdout]).toEqual([2, '']);
    expect(unknown.stderr).toMatch(/expected tasks among .*induction.*, or the path of a task file, got cooking; name another/);
    const folderGiven = orion('--tasks', './tiny');
    expect([folderGiven.status, folderGiven.stdout]).toEqual([2, '']);
    expect(folderGiven.stderr).toMatch(/\.\/tiny: expected a file, got a folder/);
    expect(existsSync(join(folder, 'long/report.html'))).toBe(true);
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
    const heads = sites.findIndex(({ site }) => site === 'blocks.N.attn.headOut');
    expect([sites[heads - 1]!.site, sites[heads]!.shape]).toEqual([
      'blocks.N.attn.out',
      ['batch', tinyConfig.num_attention_heads, 'seq', tinyConfig.hidden_size],
    ]);
  });
});
