import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeTinyModel } from '../src/app/testing/tiny-language-model.ts';

const bin = new URL('../bin/lyceum.js', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'lyceum-against-'));
const adapt = (...args: string[]) =>
  spawnSync(process.execPath, [bin, 'adapt', 'data.jsonl', '--model', './tiny', '--length', '96', '--threads', '1', '--learning-rate', '0.01', ...args], {
    encoding: 'utf8',
    cwd: folder,
    env: { ...process.env, NO_COLOR: '1', LYCEUM_HOME: join(folder, 'home') },
  });
beforeAll(async () => {
  await writeTinyModel(join(folder, 'tiny'), { context: 512 });
  const lines = Array.from({ length: 30 }, (_, n) =>
    JSON.stringify({ id: `s${n}`, instruction: `Which colour has box ${n}?`, output: ['red', 'green'][n % 2] }),
  );
  writeFileSync(join(folder, 'data.jsonl'), lines.join('\n'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('lyceum adapt --ewc --kl --blocks holds a training to what the model was, and says so', () => {
  const { status, stdout, stderr } = adapt('--replay', '0', '--ewc', '10', '--kl', '1', '--blocks', '1', '--json', '--output', 'run');
  expect([status, stderr]).toEqual([0, '']);
  expect(JSON.parse(stdout)).toMatchObject({ method: 'localised', experts: { groups: [3, 3] } });
  const lines = readFileSync(join(folder, 'run', 'metrics.jsonl'), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Record<string, number>); // biome-ignore format: short
  expect(lines[0]).toMatchObject({ ewc: 0 });
  expect(Math.max(...lines.map(({ ewc }) => ewc!))).toBeGreaterThan(0);
  expect(Math.max(...lines.map(({ kept }) => kept!))).toBeGreaterThan(0);
  const { modules } = { modules: (JSON.parse(stdout) as { experts: { byModule: { site: string }[] } }).experts.byModule };
  expect(modules.map(({ site }) => site.split('.')[1])).toEqual(modules.map(() => '1'));
  expect(modules).toHaveLength(3);
}, 120_000);

it('says before it trains what is held, and refuses blocks that are none', () => {
  const { stderr, status } = adapt('--ewc', '10', '--kl', '1', '--blocks', '0-1', '--dry-run');
  expect(status).toBe(0);
  expect(stderr).toMatch(
    /what mattered to 64 general samples is held where it was \(strength 10\)\n.+what the model says of them is kept \(strength 1\)\nonly blocks 0, 1 are changed/,
  );
  for (const blocks of ['x', '3-1', '1,,2']) expect(adapt('--blocks', blocks).stderr).toMatch(/expected --blocks as in 0,4-7/);
  expect(adapt('--blocks', '5').stderr).toMatch(/expected blocks from 0 to 1, got 5/);
}, 120_000);
