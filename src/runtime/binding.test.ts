import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { add, input, layerNorm, matmul, parameter, tanh } from '../core/index.ts';
import { type Binding, type Engine, openEngine, type TensorData, tensorOf } from './index.ts';

const WIDTH = 256; // 256 × 256 float32 is large enough to be mapped
const values = (length: number, seed: number) => Float32Array.from({ length }, (_, i) => Math.sin(seed + i * 1.7));

// A file whose header is 24 bytes long, whatever it says: the runtime reads by offset alone.
const OFFSET = 24;
const file = (...arrays: (Float32Array | Uint16Array)[]): Uint8Array => Buffer.concat([new Uint8Array(OFFSET), ...arrays.map((a) => new Uint8Array(a.buffer))]);

let root: string;
let engine: Engine;
const x = tensorOf('float32', [3, WIDTH], values(3 * WIDTH, 0.3));
const w = values(WIDTH * WIDTH, 1);
const adapter = values(WIDTH * WIDTH, 2);
const gain = values(WIDTH, 3);
const shape = [WIDTH, WIDTH];

beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'lyceum-binding-'));
  engine = await openEngine({ threads: 2 });
  await mkdir(path.join(root, 'plain'));
  await writeFile(path.join(root, 'plain/base.safetensors'), file(w, gain));
  await mkdir(path.join(root, 'adapters/mine'), { recursive: true });
  await writeFile(path.join(root, 'adapters/mine/adapter_model.safetensors'), file(adapter));
  // the shape of a hub cache: the snapshot is a link into a folder of blobs beside it
  await mkdir(path.join(root, 'hub/models--a--b/blobs'), { recursive: true });
  await mkdir(path.join(root, 'hub/models--a--b/snapshots/c0ffee'), { recursive: true });
  await writeFile(path.join(root, 'hub/models--a--b/blobs/5eed'), file(w, gain));
  await symlink('../../blobs/5eed', path.join(root, 'hub/models--a--b/snapshots/c0ffee/model.safetensors'));
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  await rm(root, { recursive: true });
});

const program = () => {
  const rows = input('x', ['rows', WIDTH]);
  const base = matmul(rows, parameter('w', shape), { transposeB: true });
  const branch = matmul(rows, parameter('adapter', shape), { transposeB: true });
  const g = parameter('gain', [WIDTH]);
  return { name: 'two places', outputs: { y: layerNorm(tanh(add(base, branch)), g, g, 1e-5) } };
};

const run = async (bindings: Record<string, Binding>, prepack = false): Promise<{ y: TensorData; mappedBytes: number; privateBytes: number }> => {
  await using executable = await engine.compile(program(), new Map(Object.entries(bindings)), { prepack });
  const { y } = await executable.run({ x });
  return { y: y!, mappedBytes: executable.stats.mappedBytes, privateBytes: executable.stats.privateBytes };
};
const held = (data: Float32Array, ...dims: number[]): Binding => ({ kind: 'constant', value: { dtype: 'float32', shape: dims, data } });
const frozen = (name: string, offset: number, ...dims: number[]): Binding => ({
  kind: 'frozen',
  file: path.join(root, name),
  offset: OFFSET + offset,
  dtype: 'float32',
  shape: dims,
});
const constants = { w: held(w, ...shape), adapter: held(adapter, ...shape), gain: held(gain, WIDTH) };

describe('weights in files give what weights in the program give, bit for bit', () => {
  it.each([
    ['a plain folder', 'plain/base.safetensors'],
    ['a hub cache of links', 'hub/models--a--b/snapshots/c0ffee/model.safetensors'],
    ["a path with '..'", 'adapters/../plain/base.safetensors'],
  ])('base in %s, adapter elsewhere', async (_, base) => {
    const files = {
      w: frozen(base, 0, ...shape),
      gain: frozen(base, w.byteLength, WIDTH),
      adapter: frozen('adapters/mine/adapter_model.safetensors', 0, ...shape),
    };
    const expected = await run(constants);
    const got = await run(files);
    expect((await run(files, true)).y).toEqual((await run(constants, true)).y);
    expect(got.y).toEqual(expected.y);
    expect(expected.mappedBytes).toBe(0);
    expect(got.mappedBytes).toBe(2 * w.byteLength);
    expect(got.privateBytes).toBeLessThan(4096);
  });

  it('maps for an engine process too', async () => {
    await using apart = await openEngine({ process: true, threads: 2 });
    const bindings = new Map(Object.entries({ ...constants, w: frozen('plain/base.safetensors', 0, ...shape) }));
    await using executable = await apart.compile(program(), bindings, { prepack: false });
    expect((await executable.run({ x })).y).toEqual((await run(constants)).y);
  });

  it.each(['float16', 'bfloat16'] as const)('%s becomes float32 when it is loaded', async (dtype) => {
    const bits = dtype === 'float16' ? new Uint16Array(Float16Array.from(w).buffer) : Uint16Array.from(new Uint32Array(w.buffer), (b) => b >>> 16);
    const expanded = dtype === 'float16' ? Float32Array.from(Float16Array.from(w)) : new Float32Array(Uint32Array.from(bits, (b) => b << 16).buffer);
    await writeFile(path.join(root, `plain/${dtype}.safetensors`), file(bits));
    const half: Binding = { kind: 'frozen', file: path.join(root, `plain/${dtype}.safetensors`), offset: OFFSET, dtype, shape };
    expect((await run({ ...constants, w: half })).y).toEqual((await run({ ...constants, w: held(expanded, ...shape) })).y);
  });
});

describe('what does not fit is refused', () => {
  it('a file cut short', async () => {
    await writeFile(path.join(root, 'plain/short.safetensors'), file(w.slice(0, 100)));
    await expect(run({ ...constants, w: frozen('plain/short.safetensors', 0, ...shape) })).rejects.toMatchObject({ code: 'FORMAT', message: /cut short/ });
  });
  it('a file that is not there', async () => {
    await expect(run({ ...constants, w: frozen('plain/absent.safetensors', 0, ...shape) })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
  it('weights of another shape, and of another dtype', async () => {
    await expect(run({ ...constants, w: frozen('plain/base.safetensors', 0, WIDTH) })).rejects.toMatchObject({ code: 'CONFIG' });
    const ids: Binding = { kind: 'constant', value: tensorOf('int64', shape, new Float32Array(WIDTH * WIDTH)) };
    await expect(run({ ...constants, w: ids })).rejects.toThrow('parameter w: expected float32, got int64');
  });
});
