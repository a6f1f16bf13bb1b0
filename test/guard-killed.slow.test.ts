import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { GuardPrediction } from '../src/app/guard/index.ts';
import { ownHome } from '../src/app/testing/own-home.ts';
import { writeTinyModel } from '../src/app/testing/tiny-language-model.ts';

const bin = new URL('../bin/lyceum.js', import.meta.url).pathname;
const own = ownHome();
const options = () => ({ cwd: own.path, env: { ...process.env, NO_COLOR: '1' } });
const argsOf = (args: readonly string[]): string[] => [bin, 'guard', ...args, '--model', './tiny', '--threads', '1', '--quiet'];
const whole = (...args: readonly string[]) => spawnSync(process.execPath, argsOf(args), { ...options(), encoding: 'utf8' });

/** Kills a run without warning as soon as it has kept so many answers more than there were. */
const killed = (folder: string, answers: number, ...args: readonly string[]): Promise<NodeJS.Signals | null> =>
  new Promise((resolve, reject) => {
    const path = join(own.path, folder, 'answers.jsonl');
    const count = (): number => (existsSync(path) ? readFileSync(path, 'utf8').split('\n').length - 1 : 0);
    const until = count() + answers;
    const child = spawn(process.execPath, argsOf([...args, '--output', folder]), { ...options(), stdio: 'ignore' });
    const watch = setInterval(() => count() >= until && child.kill('SIGKILL'), 5);
    child.on('error', reject);
    child.on('exit', (_, signal) => {
      clearInterval(watch);
      resolve(signal);
    });
  });
const json = (...path: readonly string[]) => JSON.parse(readFileSync(join(own.path, ...path), 'utf8')) as Record<string, unknown>;

const records = Array.from({ length: 6 }, (_, i) => ({ id: i, instruction: 'What was it?', document: `The boat ${i} lay there. It was a calm day.` }));
const lines = (name: string, of: readonly object[]): string => {
  writeFileSync(join(own.path, name), of.map((record) => `${JSON.stringify(record)}\n`).join(''));
  return name;
};
beforeAll(async () => {
  await writeTinyModel(join(own.path, 'tiny'), { context: 1024 });
  const { stdout, stderr, status } = whole('--predict', lines('asked.jsonl', records), '--policy', 'off', '--max-tokens', '48');
  expect(status, stderr).toBe(0);
  // Whatever a model of random weights says counts as the right answer.
  const said = stdout.trim().split('\n').map((line) => JSON.parse(line) as GuardPrediction); // biome-ignore format: a chain
  lines('trusted.jsonl', said.map(({ text }, i) => ({ ...records[i]!, answer: text }))); // biome-ignore format: one call
});

describe('a run that is killed at some moments goes on to what a run never killed comes to', () => {
  it('guard calibrate', async () => {
    const args = ['calibrate', '--trusted', 'trusted.jsonl', '--layers', '1', '--drop-wrong'];
    const { status, stderr } = whole(...args, '--output', 'undisturbed');
    expect([0, 3], stderr).toContain(status);
    for (const answers of [2, 9, 20]) expect(await killed('disturbed', answers, ...args)).toBe('SIGKILL');
    expect(existsSync(join(own.path, 'disturbed', 'guard.json'))).toBe(false);
    const begun = statSync(join(own.path, 'disturbed', 'answers.jsonl')).size;
    expect(begun).toBeGreaterThan(0);
    expect(whole(...args, '--output', 'disturbed').status).toBe(status);
    expect(json('disturbed', 'guard.json')).toEqual(json('undisturbed', 'guard.json'));
    expect(readdirSync(join(own.path, 'disturbed'))).toEqual(['guard.json']);
  }, 300_000);

  it('guard redteam', async () => {
    const args = ['redteam', '--cases', 'trusted.jsonl'];
    const { status, stderr } = whole(...args, '--output', 'attacked');
    expect(status, stderr).toBe(0);
    for (const answers of [3, 12, 25]) expect(await killed('attacked twice', answers, ...args)).toBe('SIGKILL');
    expect(whole(...args, '--output', 'attacked twice').status).toBe(0);
    const [a, b] = [json('attacked', 'result.json'), json('attacked twice', 'result.json')];
    expect({ kinds: b['kinds'], results: b['results'] }).toEqual({ kinds: a['kinds'], results: a['results'] });
    expect(readdirSync(join(own.path, 'attacked twice')).toSorted()).toEqual(['report.html', 'result.json']);
  }, 300_000);
});
