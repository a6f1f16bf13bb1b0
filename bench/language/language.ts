import { access } from 'node:fs/promises';
import { resolveModel } from '../../src/app/models/resolve-model.ts';
import type { BenchOptions } from '../harness.ts';
import { interleaved, median, ratiosOf } from '../reader/compare.ts';
import { log, type Row } from '../reader/row.ts';
import { openLanguage, openLlamaCpp, openTransformers, openTransformersJs, type Worker } from '../reader/worker.ts';
import { samplePapers } from './sample-papers.ts';

interface Timed {
  readonly seconds: number;
  readonly tokens: number;
}
interface Peer {
  readonly name: string;
  readonly version: string;
  readonly worker: Worker;
}

const modes = ['auto', 'int8', 'f32'] as const;
/** Forms of the ONNX export that transformers.js is tried with, by its own names. */
const exported = ['fp32', 'q8', 'q4'] as const;
const answerTokens = 64;
const perplexityLimit = 0.01;

/**
 * Tokens a second of a language model in a GGUF file, prompts and answers, against node-llama-cpp on the same file, PyTorch on its weights in float32 and transformers.js on an ONNX export of them. LYCEUM_MODEL names another model than smollm2-135m-instruct.
 *
 * @throws Error where float32 perplexity is not within 1e-3 of PyTorch's and transformers.js's, or that of a mode is more than 1 % above it
 */
const language = async ({ threads, runs }: { threads: number; runs: number }, of: 'prefill' | 'decode'): Promise<Row[]> => {
  const { path: file } = await resolveModel(process.env.LYCEUM_MODEL ?? 'smollm2-135m-instruct');
  await access(file);
  const text = await samplePapers();
  const peers: Peer[] = [];
  const open = async (name: string, worker: Worker, weights?: (typeof exported)[number]): Promise<void> => {
    try {
      const { version } = await worker.ask<{ version: string }>('open', { file, threads, weights });
      peers.push({ name, version, worker });
    } catch (error) {
      log(`  ${name}: not here (npm run bench:peers installs it): ${String(error).split('\n')[0]}`);
      await worker[Symbol.asyncDispose]();
    }
  };
  await open('PyTorch float32', openTransformers(threads));
  await open('node-llama-cpp', openLlamaCpp());
  for (const weights of exported) await open(`transformers.js ${weights}`, openTransformersJs(), weights);
  if (peers.length === 0) throw new Error('bench: expected a peer, got none; run npm run bench:peers');
  /** Peers whose perplexity is too far above float32's, and how far: they are named and not timed. */
  const refused = new Map<string, number>();
  const ours = new Map<string, { worker: Worker; perplexity: number; mode: string }>();
  const sample = text.slice(0, 3000);
  for (const weights of modes) {
    const worker = openLanguage();
    const { version: mode } = await worker.ask<{ version: string }>('open', { file, threads, weights });
    ours.set(weights, { worker, mode, perplexity: (await worker.ask<{ perplexity: number }>('perplexity', { text: sample })).perplexity });
  }
  try {
    const base = ours.get('f32')!.perplexity;
    for (const { name, worker } of peers.filter(({ name }) => name.startsWith('PyTorch') || name.startsWith('transformers.js'))) {
      const { perplexity } = await worker.ask<{ perplexity: number }>('perplexity', { text: sample });
      const apart = perplexity / base - 1;
      log(`  perplexity: ours in float32 ${base.toFixed(4)}, ${name} ${perplexity.toFixed(4)}`);
      if (/float32|fp32/.test(name) && Math.abs(apart) > 1e-3)
        throw new Error(`bench: expected the same perplexity in float32, got ${base} and ${perplexity} of ${name}; nothing was timed`);
      if (apart > perplexityLimit) refused.set(name, apart);
    }
    const timed = peers.filter(({ name }) => !refused.has(name));
    const prompt = text.slice(0, 2400);
    const starts = Array.from({ length: 8 }, (_, i) => text.slice(200 * i, 200 * i + 120));
    const cases: { name: string; verb: 'prefill' | 'decode'; request: (run: number) => object }[] =
      of === 'prefill'
        ? [{ name: 'prefill/512', verb: 'prefill', request: (run) => ({ text: `${run} ${prompt}` }) }]
        : [
            { name: 'decode/1', verb: 'decode', request: (run) => ({ texts: [`${run} ${starts[run % 8]!}`], tokens: answerTokens }) },
            { name: 'decode/8', verb: 'decode', request: (run) => ({ texts: starts.map((start) => `${run} ${start}`), tokens: answerTokens }) },
          ];
    const rows: Row[] = [];
    for (const { name, verb, request } of cases) {
      // Of the peers the one that is fastest after warm-up.
      const tried: { peer: Peer; perToken: number }[] = [];
      const turn = async (worker: Worker, run: number): Promise<number> => {
        const { seconds, tokens } = await worker.ask<Timed>(verb, request(run));
        return seconds / tokens;
      };
      for (const peer of timed) {
        await turn(peer.worker, 100);
        tried.push({ peer, perToken: Math.min(await turn(peer.worker, 101), await turn(peer.worker, 102)) });
      }
      tried.sort((a, b) => a.perToken - b.perToken);
      const { peer } = tried[0]!;
      const shown = [
        ...tried.map(({ peer: { name: who }, perToken }) => `${who} ${(1 / perToken).toFixed(1)}`),
        ...[...refused].map(([who, apart]) => `${who} not timed (perplexity ${(100 * apart).toFixed(1)} % above float32)`),
      ].join(', ');
      for (const [weights, { worker, perplexity, mode }] of ours) {
        const above = perplexity / base - 1;
        if (above > perplexityLimit)
          throw new Error(`bench ${name}: expected a perplexity within 1 % of float32's, got ${(100 * above).toFixed(2)} % with ${mode}; it was not timed`);
        const times = await interleaved(
          runs,
          (run) => turn(worker, run),
          (run) => turn(peer.worker, run),
        );
        rows.push({
          name: weights === 'auto' ? name : `${name}/${weights}`,
          metric: 'rate',
          unit: 'tokens/s',
          ours: 1 / median(times.ours),
          peer: 1 / median(times.peer),
          peerName: peer.name,
          peerVersion: peer.version,
          ...ratiosOf(times),
          runs,
          gate: weights === 'auto',
          note: `weights ${mode}, perplexity ${(100 * above).toFixed(2)} % above float32; peers in tokens/s: ${shown}`,
        });
      }
    }
    return rows;
  } finally {
    for (const { worker } of [...peers, ...ours.values()]) await worker[Symbol.asyncDispose]();
  }
};

export const prefill = ({ threads, runs = 9 }: BenchOptions): Promise<Row[]> => language({ threads, runs }, 'prefill');
export const decode = ({ threads, runs = 9 }: BenchOptions): Promise<Row[]> => language({ threads, runs }, 'decode');
