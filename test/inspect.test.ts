import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type AttentionOf,
  type AttributionOf,
  type HeadsOf,
  type LensOf,
  type ListedSites,
  type OrionOutcome,
  openInspected,
  type PatchedPair,
  type RetrievalStudies,
} from '../src/app/inspect/index.ts';
import { openLanguageModel } from '../src/app/language-model/index.ts';
import { tinyConfig, writeTinyModel } from '../src/app/testing/tiny-language-model.ts';
import { builtinStories, pathPatch } from '../src/inspect/index.ts';
import { lettersTask } from '../src/inspect/testing/letters-task.ts';

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

describe('lyceum inspect attention', () => {
  const prompt = 'Marta lives in Oslo. Marta';

  it('tells what every head reads, and whole patterns of the block asked for', () => {
    const { status, stdout, stderr } = inspect('attention', '--model', './tiny', '--prompt', prompt, '--layer', '1', '--json');
    expect(status, stderr).toBe(0);
    const { tokens, layers, heads, last, patterns } = JSON.parse(stdout) as AttentionOf;
    expect([tokens.join(''), layers, last.length]).toEqual([prompt, tinyConfig.num_hidden_layers, layers * heads]);
    expect(patterns.map(({ layer, head }) => [layer, head])).toEqual(Array.from({ length: heads }, (_, head) => [1, head]));
    for (const { head, rows } of patterns) {
      expect(rows.map((row) => row.length)).toEqual(tokens.map((_, i) => i + 1));
      for (const row of rows) expect(row.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 2);
      const [most] = last.find((one) => one.layer === 1 && one.head === head)!.reads;
      expect(most!.weight).toBe(Math.max(...rows.at(-1)!));
      expect(rows.at(-1)![most!.place]).toBe(most!.weight);
    }
    const one = inspect('attention', '--model', './tiny', '--prompt', prompt, '--layer', '1', '--head', '0', '--json');
    expect((JSON.parse(one.stdout) as AttentionOf).patterns).toEqual(patterns.slice(0, 1));
  });

  it('draws a row a block, or a row a token', () => {
    const rows = (...args: string[]): number =>
      inspect('attention', '--model', './tiny', '--prompt', prompt, ...args)
        .stdout.split('\n')
        .filter((line) => /^ +\d+ /.test(line)).length;
    expect(rows()).toBe(tinyConfig.num_hidden_layers);
    expect(rows('--layer', '0')).toBe(prompt.length); // a token a letter
    expect(rows('--layer', '0', '--head', '1')).toBe(prompt.length);
    expect(inspect('attention', '--model', './tiny', '--prompt', prompt, '--layer', '9').stderr).toMatch(/expected a layer from 0 to \d+, got 9/);
  });
});

describe('lyceum inspect attention --output', () => {
  it('writes a page: maps of a block, or all heads of a text, and names it', () => {
    const prompt = ['--prompt', 'Marta lives in Oslo. Marta'];
    const maps = inspect('attention', '--model', './tiny', ...prompt, '--layer', '1', '--output', 'maps.html', '--json');
    expect(maps.status, maps.stderr).toBe(0);
    expect((JSON.parse(maps.stdout) as { report: string }).report).toBe('maps.html');
    const page = readFileSync(join(folder, 'maps.html'), 'utf8');
    for (let head = 0; head < tinyConfig.num_attention_heads; head++) expect(page).toContain(`Head 1.${head}: the last token reads`);
    const last = inspect('attention', '--model', './tiny', ...prompt, '--output', 'last.html');
    expect(last.stdout.trimEnd().endsWith('\nlast.html')).toBe(true);
    expect(readFileSync(join(folder, 'last.html'), 'utf8')).toContain('Reads most from afar: head');
    const long = inspect('attention', '--model', './tiny', '--prompt', 'a'.repeat(200), '--layer', '1', '--output', 'long.html');
    expect([long.status, long.stdout, existsSync(join(folder, 'long.html'))]).toEqual([2, '', false]);
    expect(long.stderr).toMatch(/expected at most 128 tokens where maps are drawn, got 200; shorten the text, or leave the layer out/);
  });
});

describe('lyceum inspect heads', () => {
  it('scores every head, ranks them and writes a report', () => {
    const { status, stdout, stderr } = inspect('heads', '--model', './tiny', '--length', '6', '--texts', '2', '--json');
    expect(status, stderr).toBe(0);
    const { report, ...found } = JSON.parse(stdout) as HeadsOf & { report: string };
    expect(found).toMatchObject({ model: 'tiny', layers: tinyConfig.num_hidden_layers, length: 6, texts: 2, seed: 0 });
    expect(found.scores).toHaveLength(found.layers * found.heads);
    expect(readFileSync(join(folder, report), 'utf8')).toContain('induction: most in head');
    expect(JSON.parse(readFileSync(join(folder, report, '../result.json'), 'utf8'))).toEqual(found);
    const table = inspect('heads', '--model', './tiny', '--length', '6', '--texts', '2').stdout.split('\n');
    expect(table[0]).toBe('previous      duplicate     induction     copying');
    const strongest = [...found.scores].sort((a, b) => b.previous - a.previous)[0]!;
    expect(table[1]!.startsWith(`${strongest.layer}.${strongest.head}`)).toBe(true);
    expect(inspect('heads', '--model', './tiny', '--length', '600').stderr).toMatch(/expected texts of 4 to 256 tokens, got twice 600/);
  });
});

describe('lyceum inspect attribute', () => {
  const asked = ['attribute', '--model', './tiny', '--prompt', 'Marta lives in', '--answer', ' ', '--against', 's'];

  it('gives parts that sum to the difference, and effects where there are baseline prompts', () => {
    writeFileSync(join(folder, 'baseline.jsonl'), '{"prompt": "Anna works as"}\n{"id": 2, "prompt": "One two"}\n');
    const { status, stdout, stderr } = inspect(...asked, '--baseline', 'baseline.jsonl', '--json');
    expect(status, stderr).toBe(0);
    const { answer, against, difference, baseline, components } = JSON.parse(stdout) as AttributionOf;
    expect([answer.token, against.token]).toEqual([' ', 's']);
    expect(components.reduce((sum, { logit }) => sum + logit, 0)).toBeCloseTo(difference, 4);
    expect(baseline).not.toBeNull();
    for (const { kind, effect } of components) expect(effect === null).toBe(kind !== 'head' && kind !== 'mlp');
    // Of itself nothing is replaced.
    const itself = JSON.parse(inspect(...asked, '--source', 'Marta lives in', '--json').stdout) as AttributionOf;
    expect(itself.baseline).toBeCloseTo(itself.difference, 4);
    for (const { effect } of itself.components) expect(effect ?? 0).toBeCloseTo(0, 4);
  });

  it('draws the components with the most to say', () => {
    const { status, stdout } = inspect(...asked, '--top', '3');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^" " against "s": logit difference/);
    expect(stdout.split('\n').filter((line) => /^(embed|final|\d+\.\d+|mlp \d+|bias \d+) /.test(line))).toHaveLength(3);
  });

  it('with --to tells what a path to one component alone carries, as path patching of that one does', async () => {
    const other = 'Anton works'.padEnd('Marta lives in'.length, '.');
    const from = ['embed', '0.1', 'mlp 0'];
    const { status, stdout, stderr } = inspect(...asked, '--source', other, '--to', '1.2', '--from', ...from, '--json');
    expect(status, stderr).toBe(0);
    const { to, difference, baseline, components } = JSON.parse(stdout) as AttributionOf;
    expect(to).toBe('1.2');
    expect(components.filter(({ effect }) => effect !== null).map(({ name }) => name)).toEqual(from);
    await using model = await openInspected(join(folder, 'tiny'), { threads: 1 });
    const [ids, others, ...tokens] = ['Marta lives in', other, ' ', 's'].map((text) => model.tokenizer.encode(text)) as [
      number[],
      number[],
      number[],
      number[],
    ];
    const path = { sender: { kind: 'head', layer: 0, head: 1 }, receiver: { kind: 'head', layer: 1, head: 2 } } as const;
    const { plain, patched } = await pathPatch(await model.parts(), ids, others, path, tokens.map(([id]) => id!)); // biome-ignore format: one call
    const less = ([a, b]: readonly number[]): number => a! - b!;
    expect(difference).toBeCloseTo(less(plain), 4);
    expect(components.find(({ name }) => name === '0.1')!.effect).toBeCloseTo(less(plain) - less(patched), 4);
    expect(Math.abs(less(plain) - less(patched))).toBeGreaterThan(1e-4);
    expect(baseline).not.toBeCloseTo(difference, 2);
    // Without --from, all that it reads: of the block before it everything, of its own nothing.
    const all = JSON.parse(inspect(...asked, '--source', other, '--to', 'mlp 1', '--json').stdout) as AttributionOf;
    expect(all.components.filter(({ effect }) => effect !== null).map(({ name }) => name)).toEqual(['embed', '0.0', '0.1', '0.2', '0.3', 'mlp 0', '1.0', '1.1', '1.2', '1.3']); // biome-ignore format: one list
    expect(inspect(...asked, '--source', other, '--to', '1.2', '--from', '0.1').stdout).toContain('and only 1.2 reads that');
  });

  it.each([
    [['--source', 'Anton', '--to', '1.x'], 2, /expected a component as LAYER\.HEAD, "mlp LAYER" or embed, got "1\.x"/],
    [['--source', 'Anton', '--to', '7.0'], 2, /expected a head below 4 or a feed-forward part of one of 2 blocks, got 7\.0/],
    [['--to', '1.0'], 2, /expected prompts beside a receiver, .*, got none; give --source or --baseline/],
    [['--source', 'Anton', '--from', '0.1'], 2, /expected a receiver beside the senders, got none; name it with --to/],
    [['--source', 'Anton', '--to', '1.0', '--from', 'mlp 1'], 2, /expected senders that 1\.0 reads, .*, got mlp 1/],
    [['--source', 'Ann', '--to', '1.0'], 2, /expected two texts of as many tokens, got 5 and 3; make them alike/],
    [['--answer', 'x', '--against', 'x'], 2, /expected two answers that begin with different tokens, got "x" twice/],
    [['--baseline', 'nowhere.jsonl'], 2, /nowhere\.jsonl: expected a file or folder, got nothing/],
    [['--source', ''], 2, /expected baseline prompts of at least one token/],
  ] as const)('refuses %j', (args, code, message) => {
    const { status, stdout, stderr } = inspect('attribute', '--model', './tiny', '--prompt', 'Marta', ...args);
    expect([status, stdout]).toEqual([code, '']);
    expect(stderr).toMatch(message);
  });
});

describe('lyceum inspect retrieval', () => {
  it.each([
    [[], /expected first tokens|first token|begin with/], // letters are tokens here, so that all answers begin with a space
    [['--source', 'shoes'], /expected variables among character_name, city, .*, got shoes; name another/],
    [['--source', 'city'], /expected two variables, got city twice/],
    [['--layer', '9'], /expected a layer from 1 to \d+, got 9/],
    [['--stories', 'one.json'], /expected --stories STORIES\.json QUESTIONS\.json, got 1 files/],
    [['--seeds', '1', '1'], /expected seeds that differ, got 1, 1; name each once/],
    [['--seeds', 'x'], /--seeds: expected a whole number of at least 0, got "x"/],
  ] as const)('refuses %j', (args, message) => {
    const { status, stdout, stderr } = inspect('retrieval', '--model', './tiny', '--prompts', '2', ...args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
  });
});

describe('lyceum inspect retrieval of several seeds', () => {
  it('keeps every finished story, goes on where it was killed, and tells of all seeds', async () => {
    const words = new Set(builtinStories().stories.flatMap(({ seed }) => Object.values(seed).map((value) => ` ${value}`)));
    await writeTinyModel(join(folder, 'worded'), { context: 2048, words: [...words] });
    const asked = ['retrieval', '--model', './worded', '--prompts', '4', '--resamples', '1', '--seeds', '3', '5', '--output', 'study'];
    const child = spawn(process.execPath, [bin, 'inspect', ...asked, '--threads', '1', '--quiet'], { cwd: folder, stdio: 'ignore' });
    const ended = new Promise((done) => child.on('exit', done));
    const keptStories = (seed: number): unknown[] => {
      const path = join(folder, `study/seed-${seed}.json`);
      return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as { study: { stories: unknown[] } }).study.stories : [];
    };
    while (keptStories(3).length === 0 && child.exitCode === null) await new Promise((wake) => setTimeout(wake, 5));
    child.kill('SIGKILL');
    await ended;
    const before = keptStories(3);
    expect(before.length).toBeGreaterThan(0);
    const { status, stdout, stderr } = inspect(...asked, '--json');
    expect(status, stderr).toBe(0);
    const { report, ...found } = JSON.parse(stdout) as RetrievalStudies & { report: string };
    expect(keptStories(3).slice(0, before.length)).toEqual(before);
    expect([keptStories(3).length, keptStories(5).length, found.seeds, found.studies.map(({ seed }) => seed)]).toEqual([4, 4, [3, 5], [3, 5]]);
    expect(readFileSync(join(folder, report), 'utf8')).toContain('Seed by seed');
    // Asked again, all of it is there; from nothing it comes to the same.
    const again = inspect(...asked);
    expect(again.stdout).toMatch(/Over seeds 3, 5 .*patched after block \d, \d/);
    const whole = JSON.parse(inspect(...asked.slice(0, -1), 'whole', '--json').stdout) as RetrievalStudies;
    const timeless = (studies: RetrievalStudies['studies']) => studies.map((study) => ({ ...study, seconds: 0 }));
    expect(timeless(whole.studies)).toEqual(timeless(found.studies));
    expect(whole.over).toEqual(found.over);
  }, 120_000);
});

describe('lyceum inspect orion', () => {
  writeFileSync(join(folder, 'task.json'), JSON.stringify(lettersTask));
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
