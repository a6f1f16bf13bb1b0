import { mkdir, mkdtemp, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FormatError, NotFoundError } from '../../core/index.ts';
import type { TensorData } from '../../runtime/index.ts';
import { applyDelta, deltaOf } from './delta.ts';
import { type Encoder, encoderValues, openEncoder, wordTable } from './encoder.ts';
import { initialValues } from './initial-values.ts';
import { predictionParameters } from './network/prediction-graph.ts';
import { describeReader } from './open-reader.ts';
import { defaultReader } from './reader-config.ts';
import { describeFolder, readReaderRanges, readReaderValues, writeReader } from './reader-folder.ts';
import { mergedValues } from './tuning.ts';

const matrix = (rows: number, values: readonly number[]): TensorData => ({
  dtype: 'float32',
  shape: [rows, values.length / rows],
  data: Float32Array.from(values),
});

describe('a difference in 8 bits', () => {
  it('brings every value back to within half a unit of its row', () => {
    const values = fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 12, maxLength: 12 });
    fc.assert(
      fc.property(values, values, (a, b) => {
        const [value, from] = [matrix(3, a), matrix(3, b)];
        const { delta, scale } = deltaOf(value, from);
        const back = applyDelta(from, delta, scale).data;
        for (const [i, v] of back.entries())
          expect(Math.abs(Number(v) - Number(value.data[i]))).toBeLessThanOrEqual(0.51 * Number(scale.data[Math.floor(i / 4)]) + 1e-6);
      }),
    );
  });
});

describe('a merged low-rank branch', () => {
  it('is the weight plus alpha / rank · B A', () => {
    const base = { 'x.weight': matrix(2, [1, 2, 3, 4]) };
    const [a, b] = [new Array<number>(32).fill(0), new Array<number>(32).fill(0)];
    a[1] = 3; // row 0 of A: [0, 3]
    b[16] = 0.5; // row 1 of B: [0.5, 0, …]
    const merged = mergedValues({ 'x.lora.a': matrix(16, a), 'x.lora.b': matrix(2, b) }, base);
    expect([...(merged['x.weight']!.data as Float32Array)]).toEqual([1, 2, 3, 4 + 2 * 1.5]);
  });
});

describe("a reader's folder", () => {
  let folder: string;
  let encoder: Encoder;
  let values: Record<string, TensorData>;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lyceum-reader-'));
    encoder = await openEncoder();
    const parameters = predictionParameters(encoder.config, defaultReader).filter((node) => node.attrs.name !== wordTable);
    const base = await encoderValues(encoder, parameters);
    values = {
      ...base,
      ...initialValues(
        parameters.filter((node) => !base[node.attrs.name]),
        1,
      ),
    };
    // as if training had moved one weight
    const moved = Float32Array.from(base['blocks.0.mlp.up.weight']!.data as Float32Array, (v, i) => v + (i % 7) * 1e-3);
    values['blocks.0.mlp.up.weight'] = { ...values['blocks.0.mlp.up.weight']!, data: moved };
    await writeReader(folder, { encoder, config: defaultReader, values, training: { epoch: 1 } });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('holds what was put in, within its precision, in at most 25 MB', async () => {
    expect((await readdir(folder)).sort()).toEqual(['reader.json', 'reader.safetensors']);
    expect((await stat(join(folder, 'reader.safetensors'))).size).toBeLessThan(25e6);
    const back = await readReaderValues(await describeFolder(folder), encoder);
    expect(Object.keys(back).sort()).toEqual(Object.keys(values).sort());
    for (const [name, { data }] of Object.entries(values)) {
      let worst = 0;
      for (let i = 0; i < data.length; i++) worst = Math.max(worst, Math.abs(Number(data[i]) - Number(back[name]!.data[i])) - 1e-3 * Math.abs(Number(data[i])));
      expect({ name, fits: worst < 1e-4 }).toEqual({ name, fits: true });
    }
  });

  it('has a version that changes with its bytes and with how it computes', async () => {
    const plain = await describeReader({ reader: folder });
    expect(plain.version).toBe((await describeReader({ reader: folder, weights: 'f32' })).version);
    expect(plain.version).not.toBe((await describeReader({ reader: folder, weights: 'int8' })).version);
  });

  it('brings its ranges along, and is then quantised unless it is told otherwise', async () => {
    const other = join(folder, 'with-ranges');
    await mkdir(other);
    const range = { high: Float32Array.of(1, 2.5), low: Float32Array.of(-1, 0) };
    await writeReader(other, { encoder, config: defaultReader, values, ranges: new Map([['blocks.0.mlp.up', range]]), training: {} });
    expect(await readReaderRanges(await describeFolder(other))).toEqual(new Map([['blocks.0.mlp.up', range]]));
    expect((await readReaderRanges(await describeFolder(folder))).size).toBe(0);
    expect((await describeReader({ reader: other })).version).toBe((await describeReader({ reader: other, weights: 'int8' })).version);
  });

  it('is refused where weights are cut short, the description is of another format, or there is none', async () => {
    const description = await describeFolder(folder);
    await truncate(join(folder, 'reader.safetensors'), 1000);
    await expect(readReaderValues(description, encoder)).rejects.toThrow(/SHA-256/);
    await writeFile(join(folder, 'reader.json'), '{"format": 99}');
    await expect(describeFolder(folder)).rejects.toThrow(FormatError);
    await writeFile(join(folder, 'reader.json'), 'not json');
    await expect(describeFolder(folder)).rejects.toThrow(FormatError);
    await expect(describeFolder(join(folder, 'nowhere'))).rejects.toThrow(NotFoundError);
  });
});
