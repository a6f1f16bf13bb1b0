import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cos, input, sin, UnsupportedError } from '../core/index.ts';
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
      expect.soft(difference, op).toBeLessThan(1e-4);
    }
    expect(readFileSync(new URL('../../docs/devices.md', import.meta.url), 'utf8')).toContain(tableOf(rows));
  });

  it('turns angles as large as positions as exactly as small ones', async () => {
    const x = input('x', ['rows']);
    const angles = Float32Array.from({ length: 4000 }, (_, i) => (i % 2 ? 1 : -1) * (i < 2000 ? i / 300 : i * 2.047));
    await using engine = await openEngine({ process: true, device: 'webgpu' });
    await using turn = await engine.compile({ name: 'turn', outputs: { sine: sin(x), cosine: cos(x) } }, new Map());
    const { sine, cosine } = await turn.run({ x: tensorOf('float32', [angles.length], angles) });
    const far = (got: ArrayLike<number>, exact: (x: number) => number): number =>
      angles.reduce((most, angle, i) => Math.max(most, Math.abs(got[i]! - exact(angle))), 0);
    expect(far(sine!.data as Float32Array, Math.sin)).toBeLessThan(1e-6);
    expect(far(cosine!.data as Float32Array, Math.cos)).toBeLessThan(1e-6);
  });

  it.skipIf(process.platform !== 'linux')('is missed in one sentence where there is no driver', async () => {
    const before = process.env['VK_ICD_FILENAMES'];
    process.env['VK_ICD_FILENAMES'] = '/nowhere';
    try {
      await using engine = await openEngine({ process: true, device: 'webgpu' });
      const x = input('x', ['rows']);
      await expect(engine.compile({ name: 'turn', outputs: { y: sin(x) } }, new Map())).rejects.toThrow(/expected a graphics adapter .*--device cpu/);
      await expect(engine.compile({ name: 'turn', outputs: { y: sin(x) } }, new Map())).rejects.toThrow(UnsupportedError);
    } finally {
      if (before === undefined) delete process.env['VK_ICD_FILENAMES'];
      else process.env['VK_ICD_FILENAMES'] = before;
    }
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
