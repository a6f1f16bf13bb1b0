import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeTinyModel } from '../src/app/testing/tiny-language-model.ts';

const root = new URL('..', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'lyceum-serve-'));
const serve = (...args: string[]) =>
  spawn(process.execPath, [join(root, 'bin/lyceum.js'), 'serve', '--model', join(folder, 'tiny'), '--port', '0', '--threads', '1', ...args], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
/** Its address, and all that it prints. */
const started = async (child: ChildProcess) => {
  const errors = text(child.stderr!);
  let printed = '';
  child.stdout!.on('data', (chunk) => {
    printed += chunk;
  });
  while (!printed.includes('\n')) await Promise.race([once(child.stdout!, 'data'), once(child, 'exit').then(async () => expect.unreachable(await errors))]);
  return { url: printed.trim(), printed: () => printed, errors };
};
const post = (url: string, body: object, init: RequestInit = {}) =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body), ...init });
const long = { model: 'tiny', prompt: 'a', max_tokens: 250, logit_bias: { 65: 100 } };

beforeAll(() => writeTinyModel(join(folder, 'tiny')));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('serves until it is told to stop, finishes what is under way, and prints nothing but its address', async () => {
  const child = serve('--slots', '2');
  const { url, printed, errors } = await started(child);
  const vectors = (await (await post(`${url}/v1/embeddings`, { model: 'minilm', input: ['a cat', 'the cat', 'law'] })).json()) as {
    data: { embedding: number[] }[];
  };
  const product = (a: number, b: number) => vectors.data[a]!.embedding.reduce((sum, x, i) => sum + x * vectors.data[b]!.embedding[i]!, 0);
  expect(product(0, 0)).toBeCloseTo(1, 5);
  expect(product(0, 1)).toBeGreaterThan(product(0, 2));
  const gone = new AbortController();
  const left = await post(`${url}/v1/completions`, { ...long, stream: true }, { signal: gone.signal });
  gone.abort();
  await expect(left.text()).rejects.toThrow();
  const stream = await post(`${url}/v1/completions`, { ...long, stream: true });
  child.kill('SIGTERM');
  const exit = once(child, 'exit');
  expect((await stream.text()).endsWith('data: [DONE]\n\n')).toBe(true);
  expect(await exit).toEqual([0, null]);
  expect(printed()).toBe(`${url}\n`);
  expect(await errors).toMatch(/is served at .*\nfinishing what is under way/);
});

it('stops soon at Ctrl-C, whatever is under way, and prints one JSON document where it is asked to', async () => {
  const child = serve('--json', '--quiet', '--slots', '1');
  const { printed, errors } = await started(child);
  const { baseUrl, ...rest } = JSON.parse(printed());
  expect(rest).toEqual({ url: baseUrl.replace(/\/v1$/, ''), model: 'tiny', slots: 1 });
  const asked = Array.from({ length: 100 }, () =>
    post(`${baseUrl}/completions`, { ...long, n: 2 }).then(
      (answer) => answer.status,
      () => 0,
    ),
  );
  await Promise.race(asked);
  child.kill('SIGINT');
  const exit = once(child, 'exit');
  expect((await Promise.all(asked)).filter((status) => ![200, 429, 503].includes(status))).toEqual([]);
  expect(await exit).toEqual([0, null]);
  expect(await errors).toBe('');
});

it('ends with code 1 when the process of its model dies, and says so to those who wait', async ({ skip }) => {
  if (process.platform !== 'linux') skip('processes are found with pgrep');
  const child = serve();
  const { url, errors } = await started(child);
  const [model] = execFileSync('pgrep', ['-P', String(child.pid)], { encoding: 'utf8' })
    .trim()
    .split('\n');
  const asked = post(`${url}/v1/completions`, { ...long, n: 16 });
  const exit = once(child, 'exit');
  setTimeout(() => process.kill(Number(model), 'SIGKILL'), 50);
  const answer = await asked;
  expect([answer.status, await answer.json()]).toMatchObject([503, { error: { code: 'model_lost' } }]);
  expect(await exit).toEqual([1, null]);
  expect(await errors).toContain('the process of the model ended');
});

it('refuses an address that others can reach without a token, and a model that is none', async () => {
  for (const args of [
    ['--host', '0.0.0.0'],
    ['--model', 'no-such-model'],
    ['--slots', '0'],
  ]) {
    const child = serve(...args);
    const errors = text(child.stderr!);
    expect(await once(child, 'exit')).toEqual([2, null]);
    expect(await errors).toMatch(/expected/);
  }
});
