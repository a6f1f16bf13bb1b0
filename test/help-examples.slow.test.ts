import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

const root = new URL('..', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'lyceum-examples-'));
const lyceum = (...args: string[]) =>
  spawnSync(process.execPath, [join(root, 'bin/lyceum.js'), ...args], { cwd: folder, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } });

beforeAll(() => {
  expect(lyceum('read', join(root, 'examples/papers'), '--quiet').status).toBe(0);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('what graph --help gives as examples runs on the sample papers', () => {
  const examples = lyceum('graph', '--help')
    .stdout.split('Examples:')[1]!
    .match(/(?<=^ {2}lyceum ).+$/gm)!;
  expect(examples.length).toBeGreaterThan(3);
  for (const example of examples) {
    const words = [...example.matchAll(/"([^"]+)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare!);
    const { status, stdout, stderr } = lyceum(...words);
    expect([example, status, stderr]).toEqual([example, 0, expect.not.stringContaining('expected')]);
    expect(stdout, example).not.toContain('no dated document');
  }
}, 120_000);
