import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { madeGguf } from '../src/app/testing/made-models.ts';
import { writeTinyModel } from '../src/app/testing/tiny-language-model.ts';

const root = new URL('..', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'lyceum-bad-model-'));
const lyceum = (...args: string[]) =>
  spawnSync(process.execPath, [join(root, 'bin/lyceum.js'), ...args], { encoding: 'utf8', cwd: folder, env: { ...process.env, NO_COLOR: '1' } });

const slow = 120_000;
beforeAll(() => writeTinyModel(join(folder, 'tiny')), slow);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('lyceum complete', { timeout: slow }, () => {
  it.each<[string, (bytes: Buffer) => Uint8Array, RegExp]>([
    [
      'a GGUF file cut short',
      (bytes) => bytes.subarray(0, bytes.length - 100),
      /expected its end within .+, got .+; the file is damaged or cut short, fetch it again \(FORMAT\)/,
    ],
    ['a GGUF file cut in its header', (bytes) => bytes.subarray(0, 40), /expected .+, got .+; the file is damaged or cut short, fetch it again \(FORMAT\)/],
    ['an empty file', () => Buffer.alloc(0), /expected a GGUF file .+, got neither; give a file of a model \(FORMAT\)/],
    [
      'a file with another beginning',
      (bytes) => Buffer.concat([Buffer.from('GGML'), bytes.subarray(4)]),
      /expected a GGUF file .+, got neither; give a file of a model \(FORMAT\)/,
    ],
    [
      'a model of an unknown family',
      (bytes) => Buffer.from(bytes.toString('latin1').replace('llama', 'lamma'), 'latin1'),
      /expected a general\.architecture of .+, got "lamma"; give a model of one of these \(CONFIG\)/,
    ],
  ])('refuses %s, with what to do', (_, damaged, message) => {
    writeFileSync(join(folder, 'bad.gguf'), damaged(Buffer.from(madeGguf())));
    const { status, stdout, stderr } = lyceum('complete', '--model', './bad.gguf', 'Hi');
    expect([status, stdout], stderr).toEqual([2, '']);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('leaves out the records that it cannot serve, and says why', () => {
    const records = [
      { id: 'long', prompt: 'a'.repeat(300) },
      { id: 'never', prompt: 'a', schema: { type: 'integer', minimum: 2, maximum: 1 } },
      { id: 'good', prompt: 'a', maxTokens: 2 },
    ];
    writeFileSync(join(folder, 'in.jsonl'), records.map((one) => `${JSON.stringify(one)}\n`).join(''));
    const { status, stdout, stderr } = lyceum('complete', '--model', './tiny', '--input', 'in.jsonl');
    expect(status, stderr).toBe(3);
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).id),
    ).toEqual(['good']);
    expect(stderr).toMatch(/long.*fewer than 256 tokens \(the model's context\), got 300; shorten it/);
    expect(stderr).toMatch(/never.*expected a schema that some value fits, got one that none does; loosen it/);
  });

  it('refuses a file with a record that says something impossible, by its line', () => {
    writeFileSync(join(folder, 'odd.jsonl'), '{"id": "a", "prompt": "a"}\n{"id": "b", "prompt": "b", "maxTokens": 0}\n');
    const { status, stdout, stderr } = lyceum('complete', '--model', './tiny', '--input', 'odd.jsonl');
    expect([status, stdout], stderr).toEqual([2, '']);
    expect(stderr).toMatch(/odd\.jsonl: line 2: expected a record that fits, got maxTokens: Too small.*; see --help/);
  });
});
