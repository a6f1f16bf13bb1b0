import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeTinyModel } from '../src/app/testing/tiny-language-model.ts';

const bin = new URL('../bin/lyceum.js', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'lyceum-chat-'));
const model = join(folder, 'tiny');
const options = { cwd: folder, env: { ...process.env, NO_COLOR: '1' }, encoding: 'utf8' } as const;
const ctrlC = '\x03';

beforeAll(() => writeTinyModel(model, { context: 8192 }));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('answers with what was said before in mind, until told to begin again', () => {
  const turns = ['hello', 'and then', '/new', 'hello'];
  const chat = ['chat', '--model', model, '--system', 'Be brief.', '--max-tokens', '8', '--json', '--threads', '1'];
  const printed = execFileSync(process.execPath, [bin, ...chat], { ...options, input: `${turns.join('\n')}\n` });
  const answers = printed
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { text: string; tokenIds: number[]; usage: { promptTokens: number } });
  const start = [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'hello' },
  ];
  const records = [start, [...start, { role: 'assistant', content: answers[0]!.text }, { role: 'user', content: 'and then' }]];
  const complete = ['complete', '--model', model, '--input', join(folder, 'in.jsonl'), '--threads', '1'];
  const lines = records.map((messages, id) => `${JSON.stringify({ id, messages, maxTokens: 8 })}\n`);
  writeFileSync(join(folder, 'in.jsonl'), lines.join(''));
  const alike = execFileSync(process.execPath, [bin, ...complete], { ...options, stdio: ['ignore', 'pipe', 'ignore'] });
  const [first, second] = alike.trim().split('\n').map((line) => JSON.parse(line)); // biome-ignore format: short
  expect(answers).toHaveLength(3);
  for (const [got, wanted] of [
    [0, first],
    [1, second],
    [2, first],
  ] as const) {
    expect(answers[got]!.usage.promptTokens).toBe(wanted.usage.promptTokens);
    expect(answers[got]!.tokenIds).toEqual(wanted.tokenIds);
  }
}, 120_000);

it('goes on after a turn that does not fit, as if it had not been said, and its exit code tells', () => {
  const chat = (...turns: string[]) =>
    spawnSync(process.execPath, [bin, 'chat', '--model', model, '--max-tokens', '6', '--json', '--threads', '1'], {
      ...options,
      input: `${turns.join('\n')}\n`,
    });
  const [plain, broken] = [chat('hello', 'and then'), chat('hello', 'long '.repeat(2000), 'and then')];
  expect([plain.status, broken.status]).toEqual([0, 3]);
  expect(broken.stdout).toBe(plain.stdout);
  expect(broken.stderr).toMatch(/lyceum: .*expected .*8192.*\nThis turn is left out; say it otherwise, or \/new begins again\.\n/);
}, 120_000);

describe.skipIf(process.platform !== 'linux' || spawnSync('script', ['--version']).error !== undefined)(
  'on a terminal (skipped: no script(1) of util-linux)',
  () => {
    it('Ctrl-C stops an answer and not the program; at the prompt it says how to end, and once more ends', async () => {
      const command = [process.execPath, bin, 'chat', '--model', model, '--max-tokens', '7000', '--threads', '1'].map((word) => `'${word}'`).join(' ');
      const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], { ...options, stdio: ['pipe', 'pipe', 'ignore'] });
      const ended = once(child, 'exit');
      let printed = '';
      child.stdout.on('data', (chunk) => (printed += chunk));
      let read = 0;
      const seen = async (wanted: RegExp): Promise<string> => {
        let found = wanted.exec(printed.slice(read));
        while (!found) {
          await Promise.race([once(child.stdout, 'data'), ended.then(([code]) => expect.unreachable(`ended with ${code}: ${printed}`))]);
          found = wanted.exec(printed.slice(read));
        }
        read += found.index + found[0].length;
        return found[0];
      };
      let stopped = false;
      // An answer of some 700 tokens may be over before the test is heard: then the prompt was what Ctrl-C came to, and another turn is had.
      for (let turn = 0; !stopped && turn < 10; turn++) {
        await seen(/> /);
        child.stdin.write('0\r');
        await seen(/0\r+\n[\s\S]{5}/); // the answer has begun
        child.stdin.write(ctrlC);
        stopped = (await seen(/ …\r+\n|Ctrl-C again/)).includes('…');
      }
      expect(stopped).toBe(true);
      await seen(/> /);
      child.stdin.write(ctrlC);
      await seen(/Ctrl-C again, \/exit or Ctrl-D ends\.\r+\n[\s\S]*> /);
      child.stdin.write(ctrlC);
      expect((await ended)[0]).toBe(0);
    }, 120_000);
  },
);
