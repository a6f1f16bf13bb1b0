import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ort from 'onnxruntime-node';
import { input, matmul, parameter } from '../src/core/index.ts';
import { openEngine, tensorOf } from '../src/runtime/index.ts';
// The raw peer needs model bytes that our lowering has not touched: the writer is entered past the room's door.
import { modelBytes } from '../src/runtime/onnx.ts';
import type { BenchOptions } from './harness.ts';
import { interleaved, median, ratiosOf } from './reader/compare.ts';
import { log, type Row } from './reader/row.ts';

/** Rows × inner × columns: the reader's encoder (hidden 384), a language model's block (hidden 576), and squares. */
export const shapes: readonly (readonly [rows: number, inner: number, columns: number])[] = [
  [512, 384, 384],
  [512, 384, 1536],
  [512, 1536, 384],
  [512, 576, 1536],
  [1024, 1024, 1024],
  [2048, 2048, 2048],
];

const TOLERANCE = 1e-4;
export const random = (length: number): Float32Array => Float32Array.from({ length }, (_, i) => ((i * 2654435761) % 4294967296) / 4294967296 - 0.5);

/**
 * Products of a linear layer, x Wᵀ with W frozen: through the runtime as the product uses it, against a bare onnxruntime session with its defaults.
 * Rates count 2·rows·inner·columns.
 *
 * @throws Error where the two sides differ by more than 1e-4 relative to the largest value
 */
export async function matmulBench({ threads, runs = 15 }: BenchOptions): Promise<Row[]> {
  const torch = torchRates(threads);
  const rows: Row[] = [];
  for (const [m, k, n] of shapes) rows.push(await one(m, k, n, threads, runs, torch));
  return rows;
}

async function one(m: number, k: number, n: number, threads: number, runs: number, torch: Torch | undefined): Promise<Row> {
  const operations = 2 * m * k * n;
  const repeat = Math.max(1, Math.ceil(2e9 / operations)); // a turn is long enough for the clock
  const x = random(m * k);
  const weight = random(n * k);
  await using engine = await openEngine({ threads });
  const y = matmul(input('x', ['rows', k]), parameter('w', [n, k]), { transposeB: true });
  await using ours = await engine.compile(
    { name: 'product', outputs: { y } },
    new Map([['w', { kind: 'constant', value: tensorOf('float32', [n, k], weight) }]]),
    { arena: true }, // as the reader, the encoder and training compile theirs
  );
  const raw = await rawSession(k, n, weight, threads);
  const feed = { x: tensorOf('float32', [m, k], x) };
  const rawFeed = { x: new ort.Tensor('float32', x, [m, k]) };

  const mine = (await ours.run(feed)).y!.data as Float32Array;
  const theirs = (await raw.run(rawFeed)).y!.data as Float32Array;
  const largest = theirs.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  const apart = mine.reduce((most, v, i) => Math.max(most, Math.abs(v - theirs[i]!)), 0) / largest;
  if (!(apart <= TOLERANCE)) throw new Error(`bench matmul ${m}×${k}×${n}: expected equal products within ${TOLERANCE}, got ${apart}`);

  const timed = (call: () => Promise<unknown>) => async () => {
    const start = performance.now();
    for (let i = 0; i < repeat; i++) await call();
    return (performance.now() - start) / 1000 / repeat;
  };
  const times = await interleaved(
    runs,
    timed(() => ours.run(feed)),
    timed(() => raw.run(rawFeed)),
  );
  await raw.release();
  const rate = (seconds: readonly number[]) => operations / median(seconds) / 1e9;
  const name = `matmul/${m}x${k}x${n}`;
  log(`${name}: same within ${apart.toExponential(1)} (${TOLERANCE} allowed)`);
  const other = torch?.rates[`${m}x${k}x${n}`];
  return {
    name,
    metric: 'rate',
    unit: 'GFLOP/s',
    ours: rate(times.ours),
    peer: rate(times.peer),
    peerName: 'onnxruntime session',
    peerVersion: ort.env.versions.node ?? ort.env.versions.common,
    ...ratiosOf(times),
    runs,
    gate: false,
    note: other === undefined ? '' : `PyTorch ${torch!.version}, before, not interleaved: ${other.toFixed(0)} GFLOP/s`,
  };
}

/** A bare onnxruntime session, its defaults, that multiplies [rows, k] by a weight [n, k] turned beforehand. */
export function rawSession(k: number, n: number, weight: Float32Array, threads: number): Promise<ort.InferenceSession> {
  const transposed = new Float32Array(k * n);
  for (let j = 0; j < n; j++) for (let i = 0; i < k; i++) transposed[i * n + j] = weight[j * k + i]!;
  const bytes = modelBytes({
    name: 'raw',
    nodes: [{ name: 'product', opType: 'MatMul', domain: '', inputs: ['x', 'w'], outputs: ['y'], attributes: {} }],
    inputs: [{ name: 'x', dtype: 'float32', shape: ['rows', k] }],
    outputs: [{ name: 'y', dtype: 'float32', shape: ['rows', n] }],
    values: [],
    initializers: [{ name: 'w', dtype: 'float32', shape: [k, n], data: new Uint8Array(transposed.buffer) }],
  });
  return ort.InferenceSession.create(bytes, { intraOpNumThreads: threads });
}

interface Torch {
  readonly version: string;
  readonly rates: Readonly<Record<string, number>>;
}

/** PyTorch's rates where `npm run bench:peers` has installed it. */
function torchRates(threads: number): Torch | undefined {
  const python = fileURLToPath(new URL('./peers/venv/bin/python', import.meta.url));
  if (!existsSync(python)) return undefined;
  const script = fileURLToPath(new URL('./peers/matmul.py', import.meta.url));
  return JSON.parse(execFileSync(python, [script, String(threads), JSON.stringify(shapes)], { encoding: 'utf8' })) as Torch;
}
