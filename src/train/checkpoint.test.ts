import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FormatError } from '../core/index.ts';
import type { TensorData } from '../runtime/index.ts';
import { readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import { appendMetrics, cutMetrics } from './metrics-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lyceum-checkpoint-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const tensors = (value: number): Record<string, TensorData> => ({ w: { dtype: 'float32', shape: [2], data: Float32Array.of(value, -value) } });

describe('a checkpoint', () => {
  it('comes back as it was written, and replaces the one before', async () => {
    await writeCheckpoint(folder, { step: 3, state: { epoch: 1 }, tensors: tensors(1) });
    await writeCheckpoint(folder, { step: 12, state: { epoch: 2 }, tensors: tensors(2) });
    expect(await readCheckpoint(folder)).toEqual({ step: 12, state: { epoch: 2 }, tensors: tensors(2) });
    expect(await readdir(folder)).toEqual(['step-000000012']);
  });

  it('is none where nothing was written or a kill left half of one', async () => {
    expect(await readCheckpoint(join(folder, 'none'))).toBeUndefined();
    await writeFile(join(folder, '.step-000000001.1-aa.tmp'), 'half');
    expect(await readCheckpoint(folder)).toBeUndefined();
  });

  it('whose bytes changed is passed over for an older one, and refused where it is the only one', async () => {
    await writeCheckpoint(join(folder, 'a'), { step: 1, state: {}, tensors: tensors(1) });
    await writeCheckpoint(folder, { step: 1, state: {}, tensors: tensors(1) });
    const damaged = join(folder, 'step-000000001', 'state.safetensors');
    await truncate(damaged, (await readFile(damaged)).length - 1);
    const told: string[] = [];
    await expect(readCheckpoint(folder, (message) => told.push(message))).rejects.toThrow(FormatError);
    expect(told[0]).toContain('SHA-256');
  });
});

describe('the metrics file', () => {
  it('keeps the lines up to a step and drops a line cut short', async () => {
    const path = join(folder, 'metrics.jsonl');
    for (const step of [1, 2, 3]) await appendMetrics(path, { step, loss: step / 2 });
    await writeFile(path, `${await readFile(path, 'utf8')}{"step":4,`);
    expect(await cutMetrics(path, 2)).toEqual([
      { step: 1, loss: 0.5 },
      { step: 2, loss: 1 },
    ]);
    expect(await readFile(path, 'utf8')).toBe('{"step":1,"loss":0.5}\n{"step":2,"loss":1}\n');
  });

  it('is refused where a line in the middle is damaged', async () => {
    const path = join(folder, 'metrics.jsonl');
    await writeFile(path, '{"step":1}\nxx\n{"step":3}\n');
    await expect(cutMetrics(path, 9)).rejects.toThrow(/line 2/);
  });
});
