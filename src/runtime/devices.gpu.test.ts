import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Binding, openEngine, probeDevices, tensorOf } from './index.ts';
import { deviceRows, tableOf } from './testing/device-table.ts';
import { initial, transformer } from './testing/transformer.ts';

const { webgpu } = await probeDevices();
const why = webgpu.available ? '' : ` (skipped: ${webgpu.reason})`;

describe.skipIf(!webgpu.available)(`WebGPU${why}`, () => {
  it('computes what the reference evaluator computes, and docs/devices.md says where', async () => {
    const rows = await deviceRows('webgpu');
    for (const { op, error, difference } of rows) {
      expect.soft(error, op).toBeUndefined();
      expect.soft(difference, op).toBeLessThan(op === 'sin' || op === 'cos' ? 1e-3 : 1e-4);
    }
    expect(readFileSync(new URL('../../docs/devices.md', import.meta.url), 'utf8')).toContain(tableOf(rows));
  });

  it('runs a model behind the same call', async () => {
    const { hidden, parameters } = transformer({ layers: 2, hidden: 32, heads: 2, vocab: 20 });
    const bindings = new Map<string, Binding>(
      [...initial(parameters)].map(([name, { shape, data }]) => [name, { kind: 'constant', value: tensorOf('float32', shape, data) }]),
    );
    const feeds = { ids: tensorOf('int64', [2, 5], [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]), mask: tensorOf('bool', [2, 5], [1, 1, 1, 1, 1, 1, 1, 1, 0, 0]) };
    const results = [];
    for (const device of ['cpu', 'webgpu'] as const) {
      await using engine = await openEngine({ process: true, device });
      await using encode = await engine.compile({ name: 'encode', outputs: { hidden } }, bindings);
      results.push((await encode.run(feeds)).hidden!.data as Float32Array);
    }
    const [cpu, gpu] = results as [Float32Array, Float32Array];
    expect(Math.max(...cpu.map((v, i) => Math.abs(v - gpu[i]!)))).toBeLessThan(1e-3);
  });
});
