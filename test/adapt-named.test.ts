import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeTinyModel } from '../src/app/testing/tiny-language-model.ts';

const bin = new URL('../bin/lyceum.js', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'lyceum-named-'));
const adapt = (data: string, ...args: string[]) =>
  spawnSync(process.execPath, [bin, 'adapt', data, '--model', './tiny', '--length', '64', '--threads', '1', '--epochs', '1', ...args], {
    encoding: 'utf8',
    cwd: folder,
    env: { ...process.env, NO_COLOR: '1', LYCEUM_HOME: join(folder, 'home') },
  });
const jsonIn = (...path: string[]) => JSON.parse(readFileSync(join(folder, ...path), 'utf8')) as Record<string, unknown>;
const sha256 = (file: string): string =>
  createHash('sha256')
    .update(readFileSync(join(folder, file)))
    .digest('hex');

beforeAll(async () => {
  await writeTinyModel(join(folder, 'tiny'), { context: 512 });
  const write = (name: string, ask: (n: number) => string, count: number) =>
    writeFileSync(join(folder, name), Array.from({ length: count }, (_, n) => `${JSON.stringify({ id: `${name} ${n}`, instruction: ask(n), output: ['red', 'green'][n % 2] })}\n`).join('')); // biome-ignore format: one thought
  write('first.jsonl', (n) => (n % 2 === 0 ? `Which colour has box ${n}?` : `What do ${n} cows like best?`), 20);
  write('second.jsonl', (n) => `Is door ${n} painted?`, 20);
  write('mine.jsonl', (n) => `Say the word of day ${n}.`, 10);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('lyceum adapt takes every setting of the mixture and its constraint by name, a run to start from, and general samples of one’s own', () => {
  const mixture = ['--method', 'loramoe', '--experts', '4', '--rank', '2'];
  const constraint = ['--sign', 'intended', '--balance', '0.3', '--delta', '0.2', '--balance-form', 'variance/mean', '--balance-modules', 'mean'];
  const later = ['--balance-variance', 'population', '--balance-membership', 'padded'];
  const named = [...mixture, ...constraint, ...later, '--replay-data', 'mine.jsonl', '--kind-rule', 'cows=animal', 'box=thing'];
  const first = adapt('first.jsonl', ...named, '--output', 'one', '--json');
  expect([first.status, first.stderr]).toEqual([0, '']);
  const config = {
    method: { kind: 'loramoe', options: { experts: 4, rank: 2, groups: [2, 2] } },
    balance: { strength: 0.3, delta: 0.2, form: 'variance/mean', sign: 'intended', modules: 'mean', variance: 'population', membership: 'padded' },
  };
  expect(jsonIn('one', 'run.json')).toMatchObject({
    config: { ...config, kindRules: [{ pattern: 'cows', kind: 'animal' }, { pattern: 'box', kind: 'thing' }] }, // biome-ignore format: short
    data: { replay: sha256('mine.jsonl') },
  });
  const result = jsonIn('one', 'result.json') as { data: { kinds: unknown }; experts: { balance: number } };
  expect(result).toMatchObject({ replay: { source: 'mine.jsonl' }, data: { kinds: [{ kind: 'animal', samples: 10 }, { kind: 'thing', samples: 10 }] } }); // biome-ignore format: short
  expect(result.experts.balance).toBeGreaterThan(0);

  const second = adapt('second.jsonl', ...named, '--from', 'one', '--output', 'two', '--json');
  expect([second.status, second.stderr]).toEqual([0, '']);
  const { weights } = jsonIn('one', 'adapter', 'lyceum.json') as { weights: { sha256: string } };
  expect(jsonIn('two', 'run.json')).toMatchObject({ config: { ...config, from: 'one' }, data: { from: weights.sha256 } });
  expect(jsonIn('two', 'result.json')).toMatchObject({ from: { name: 'one', sha256: weights.sha256 } });
}, 240_000);

it.each([
  [['--kind-rule', 'cows'], /expected --kind-rule as PATTERN=KIND, got cows/],
  [['--kind-rule', '=animal'], /expected --kind-rule as PATTERN=KIND, got =animal/],
  [['--kind-rule', '(cows=animal'], /expected a rule with a regular expression, got \(cows/],
  [['--balance-variance', 'biased'], /balance\.variance: .+"unbiased"\|"population"/],
  [['--balance-membership', 'token'], /balance\.membership: .+"mean"\|"sum"\|"padded"/],
])(
  'refuses %j, and says why',
  (args, said) => {
    const { status, stderr } = adapt('first.jsonl', ...args);
    expect([status, stderr]).toEqual([2, expect.stringMatching(said)]);
  },
  60_000,
);
