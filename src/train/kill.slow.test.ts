import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { readCheckpoint } from './checkpoint.ts';
import { uniformOf } from './hash.ts';

const child = fileURLToPath(new URL('testing/run-child.ts', import.meta.url));
const epochs = 60; // 240 steps

/** Runs until the end, or kills without warning as soon as a step is reached; some kills fall into the writing of a checkpoint. */
const run = (folder: string, killAfter: number): Promise<number | null> =>
  new Promise((resolve, reject) => {
    const started: ChildProcess = spawn(process.execPath, [child, folder, String(epochs)], { stdio: ['ignore', 'pipe', 'inherit'] });
    let steps = 0;
    started.stdout!.on('data', (chunk: Buffer) => {
      steps += chunk.toString().split('\n').length - 1;
      if (steps >= killAfter) started.kill('SIGKILL');
    });
    started.on('error', reject);
    started.on('exit', (code) => resolve(code));
  });

it('a run killed at random steps goes on to metrics and weights bit-identical to those of a run never killed', async () => {
  const [whole, broken] = await Promise.all([mkdtemp(join(tmpdir(), 'lyceum-kill-')), mkdtemp(join(tmpdir(), 'lyceum-kill-'))]);
  try {
    expect(await run(whole, Number.POSITIVE_INFINITY)).toBe(0);
    let kills = 0;
    while ((await run(broken, 1 + Math.floor(uniformOf(7, kills) * 40))) !== 0) expect(++kills).toBeLessThan(100);
    expect(kills).toBeGreaterThan(5);
    expect(await readFile(join(broken, 'metrics.jsonl'), 'utf8')).toBe(await readFile(join(whole, 'metrics.jsonl'), 'utf8'));
    expect((await readCheckpoint(join(broken, 'checkpoints')))?.tensors).toEqual((await readCheckpoint(join(whole, 'checkpoints')))?.tensors);
  } finally {
    await Promise.all([whole, broken].map((folder) => rm(folder, { recursive: true, force: true })));
  }
});
