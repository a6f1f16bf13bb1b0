import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ort from 'onnxruntime-node';
import type { BenchOptions } from './harness.ts';
import { random, rawSession } from './matmul.ts';
import { type Form, fastestForm, interleaved, median, ratiosOf } from './reader/compare.ts';
import { benchLines } from './reader/documents.ts';
import { alone, log, type Row } from './reader/row.ts';
import { type Predictions, predictionsApart } from './reader/same.ts';
import { openReading, openTorch, type Worker } from './reader/worker.ts';

interface Opened {
  readonly version: string;
  readonly tokenizer: string;
  readonly sizes: object;
}
interface Predicted {
  readonly predictions: readonly Predictions[];
  /** Entities, relations, coreference. */
  readonly f1: readonly number[];
}

const peerBatches = [4, 16];
const tasks = ['entities', 'relations', 'coreference'];

/**
 * Reading end to end: ours takes texts and leaves facts in a store on disk (splitting, subwords, encoder, pruning, decoding, SQLite); the peer is given the
 * words that our splitter found and stops at decoded annotations, so what it does not do counts against us. LYCEUM_READER names another reader than the shipped one.
 *
 * @throws Error where both sides do not predict the same, or int8 costs more than half a point of F1
 */
export const readBench = async ({ threads, runs = 15 }: BenchOptions): Promise<Row[]> => {
  const lines = benchLines();
  const texts = lines.map((line) => (JSON.parse(line) as { sentences: string[][] }).sentences.map((words) => words.join(' ')).join(' '));
  const name = process.env.LYCEUM_READER;
  const folder = await mkdtemp(join(tmpdir(), 'lyceum-bench-'));
  try {
    const weights = join(folder, 'weights.safetensors');
    await using ours = openReading();
    const { version, tokenizer, sizes } = await ours.ask<Opened>('open', { threads, weights: 'f32', name });
    await ours.ask('export', { file: weights, name });
    const { documents } = await ours.ask<{ documents: object[] }>('split', { texts });
    const f32 = await ours.ask<Predicted>('predict', { lines: lines.join('\n') });

    let peerVersion = '';
    const makeWith =
      (batch: number) =>
      async (form: Form): Promise<Worker> => {
        const worker = openTorch(threads);
        ({ version: peerVersion } = await worker.ask<{ version: string }>('open', { weights, tokenizer, sizes, rates: {}, threads }));
        await worker.ask('reading', { form, batch });
        return worker;
      };
    const turnOf = async (worker: Worker, request: object): Promise<number> => (await worker.ask<{ seconds: number }>('read', request)).seconds;

    {
      await using torch = await makeWith(8)('f32');
      const found = await torch.ask<{ predictions: Predictions[] }>('read', { documents: lines.map((line) => JSON.parse(line) as object) });
      const apart = predictionsApart(f32.predictions, found.predictions);
      log(`  same thing: ${apart.shown}`);
      if (!(apart.share <= 0.002 && apart.probability <= 1e-3))
        throw new Error(`bench read: expected the same predictions (all but 0.2 %, probabilities within 1e-3), got ${apart.shown}; nothing was timed`);
    }

    // The peer picks its batch as it picks its form: what is fastest.
    let best: { worker: Worker; form: Form; batch: number; seconds: number } | undefined;
    const tried: string[] = [];
    for (const batch of peerBatches) {
      const { best: found, trials } = await fastestForm(makeWith(batch), (worker) => turnOf(worker, { documents }));
      for (const { form, seconds, note } of trials) {
        tried.push(`${form} × ${batch}: ${seconds?.toFixed(2) ?? 'failed'}`);
        log(`  torch ${peerVersion} ${form}, batches of ${batch}: ${seconds === undefined ? '' : `${seconds.toFixed(3)} s`} ${note}`);
      }
      const seconds = trials.find(({ form }) => form === found.form)!.seconds!;
      if (!best || seconds < best.seconds) {
        await best?.worker[Symbol.asyncDispose]();
        best = { worker: found.worker, form: found.form, batch, seconds };
      } else await found.worker[Symbol.asyncDispose]();
    }
    await using peer = best!.worker;
    const common = { metric: 'time', unit: 's', peerName: `PyTorch ${best!.form}, batches of ${best!.batch}`, peerVersion, runs, gate: true } as const;
    const note = `${texts.length} abstracts, reader ${version}; peer forms, s: ${tried.join(', ')}`;
    const against = async (worker: Worker) =>
      interleaved(
        runs,
        () => turnOf(worker, { texts }),
        () => turnOf(peer, { documents }),
      );
    const times = await against(ours);
    const rows: Row[] = [{ name: 'read/f32', ours: median(times.ours), peer: median(times.peer), ...ratiosOf(times), ...common, note }];

    rows.push(await shareOfProducts(ours, lines.join('\n'), threads, runs));

    await using small = openReading();
    const eight = await small.ask<Opened>('open', { threads, weights: 'int8', name });
    const { f1 } = await small.ask<Predicted>('predict', { lines: lines.join('\n') });
    const lost = f1.map((value, i) => 100 * (f32.f1[i]! - value));
    const cost = tasks.map((task, i) => `${task} ${(100 * f1[i]!).toFixed(2)} (${lost[i]! > 0 ? '−' : '+'}${Math.abs(lost[i]!).toFixed(2)})`).join(', ');
    log(`  int8, F1 against f32: ${cost}`);
    if (!lost.every((points) => points <= 0.5)) throw new Error(`bench read: expected int8 to cost at most 0.5 points of F1, got ${cost}; it was not timed`);
    const quick = await against(small);
    rows.push({
      name: 'read/int8',
      ours: median(quick.ours),
      peer: median(quick.peer),
      ...ratiosOf(quick),
      ...common,
      note: `reader ${eight.version}; F1 against f32: ${cost}`,
    });
    return rows;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

interface Forward {
  readonly seconds: number;
  readonly operations: number;
  readonly tokens: number;
  readonly hidden: number;
  readonly ffn: number;
  readonly layers: number;
}

/** Rate of the reader's forward pass, from words to annotations, as a share of what bare sessions reach on the products of its encoder. */
const shareOfProducts = async (ours: Worker, lines: string, threads: number, runs: number): Promise<Row> => {
  const { operations, tokens, hidden, ffn, layers } = await ours.ask<Forward>('forward', { lines });
  const rowsAtOnce = 1024;
  const shapes = [
    { inner: hidden, columns: hidden, times: 4 },
    { inner: hidden, columns: ffn, times: 1 },
    { inner: ffn, columns: hidden, times: 1 },
  ];
  const products = await Promise.all(
    shapes.map(async ({ inner, columns, times }) => ({
      session: await rawSession(inner, columns, random(inner * columns), threads),
      x: new ort.Tensor('float32', random(rowsAtOnce * inner), [rowsAtOnce, inner]),
      times: times * layers * Math.ceil(tokens / rowsAtOnce),
      operations: 2 * rowsAtOnce * inner * columns,
    })),
  );
  const rawOperations = products.reduce((sum, { times, operations: each }) => sum + times * each, 0);
  const times = await interleaved(
    runs,
    async () => (await ours.ask<Forward>('forward', { lines })).seconds,
    async () => {
      const start = performance.now();
      for (const { session, x, times: count } of products) for (let i = 0; i < count; i++) await session.run({ x });
      return (performance.now() - start) / 1000;
    },
  );
  for (const { session } of products) await session.release();
  const [rate, raw] = [operations / median(times.ours) / 1e9, rawOperations / median(times.peer) / 1e9];
  const shares = ratiosOf(times);
  const scale = operations / rawOperations;
  return {
    name: 'read/share',
    metric: 'share',
    unit: 'of the raw product rate',
    ours: shares.ratio * scale,
    ...alone,
    runs,
    gate: true,
    note: `${rate.toFixed(0)} of ${raw.toFixed(0)} GFLOP/s, P25 to P75 of the share ${(shares.ratioP25 * scale).toFixed(2)} to ${(shares.ratioP75 * scale).toFixed(2)}; bare onnxruntime ${ort.env.versions.node ?? ort.env.versions.common} sessions on the encoder's products`,
  };
};
