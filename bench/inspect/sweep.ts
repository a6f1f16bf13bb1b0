import { openTextTools } from '../../src/app/language-model/text-tools.ts';
import { resolveModel } from '../../src/app/models/resolve-model.ts';
import { drawPairs, makeDataset, orionTasks, type PatchedRun } from '../../src/inspect/index.ts';
import { openCausalFiles } from '../../src/models/index.ts';
import type { Bench } from '../harness.ts';
import { interleaved, median, ratiosOf } from '../reader/compare.ts';
import { log } from '../reader/row.ts';
import { openSweeper, openTorchSweeper } from '../reader/worker.ts';

const model = 'smollm2-135m-instruct';
const pool = 100; // prompts, and pairs of each layer
const sample = 4; // pairs that the peer patches at all layers
const batch = 5; // forward passes of the peer at once
const tolerance = 1e-3; // of a log-probability, float32 against float32

/**
 * A full sweep of question answering, exact float32: a pool of prompts, as many pairs for each layer, every layer. The peer makes one forward pass for every pair and layer, several at once, as hooks on a model do; it is timed
 * on a few pairs at all layers, and scaled. What its sources hold it reads once for all layers.
 */
export const sweepBench: Bench = async ({ threads, runs = 3 }) => {
  const { path: file, kind } = await resolveModel(model);
  const { tokenizer } = await openTextTools(await openCausalFiles(kind, file), undefined);
  const task = orionTasks().find(({ family }) => family === 'qa-base')!;
  const { prompts } = makeDataset(task, tokenizer, { count: pool });
  const ids = prompts.map((prompt) => prompt.ids);
  await using ours = openSweeper();
  await using peer = openTorchSweeper(threads);
  const { layers } = await ours.ask<{ layers: number }>('open', { file, threads });
  const { version } = await peer.ask<{ version: string }>('open', { file, threads });
  const all = Array.from({ length: layers }, (_, i) => i + 1);
  const ask = async (of: readonly PatchedRun[]) => await ours.ask<{ seconds: number; logprobs: number[] }>('sweep', { prompts: ids, runs: of });
  const askPeer = async (run: number) => {
    const pairs = drawPairs(pool, [run], { count: sample });
    const [sources, targets] = (['source', 'target'] as const).map((end) => pairs.map((pair) => ids[pair[end]]!)) as [number[][], number[][]];
    const wanted = pairs.map(({ source }) => prompts[source]!.answerId);
    return { pairs, wanted, ...(await peer.ask<{ seconds: number; logprobs: number[][] }>('sweep', { sources, targets, wanted, batch })) };
  };
  // The same pairs on both sides, which also warms them up.
  const { pairs, wanted, logprobs } = await askPeer(1);
  const same = await ask(all.flatMap((layer) => pairs.map(({ source, target }, i) => ({ source, target, layer, wanted: [wanted[i]!] }))));
  const apart = Math.max(...logprobs.flat().map((value, i) => Math.abs(value - same.logprobs[i]!)));
  log(`  log-probabilities of ${sample} pairs at ${layers} layers are at most ${apart.toExponential(1)} apart`);
  if (!(apart <= tolerance)) throw new Error(`bench sweep: expected log-probabilities within ${tolerance}, got ${apart} between both sides; nothing was timed`);
  const whole = drawPairs(pool, all, { count: pool }).map((pair) => ({ ...pair, wanted: [prompts[pair.source]!.answerId] }));
  const times = await interleaved(
    runs,
    async () => (await ask(whole)).seconds,
    async (run) => ((await askPeer(run + 2)).seconds * pool) / sample,
  );
  const { peakBytes } = await ours.ask<{ peakBytes: number }>('memory');
  const note = `${pool} prompts of ${Math.min(...ids.map(({ length }) => length))} to ${Math.max(...ids.map(({ length }) => length))} tokens, ${pool} pairs at each of ${layers} layers; the peer on ${sample} pairs at all layers, scaled; ours held ${(peakBytes / 1e9).toFixed(2)} GB`;
  return [
    {
      name: 'sweep/qa',
      metric: 'time',
      unit: 's',
      ours: median(times.ours),
      peer: median(times.peer),
      peerName: 'transformers with hooks, PyTorch float32',
      peerVersion: version,
      ...ratiosOf(times),
      runs,
      gate: true,
      note,
    },
  ];
};
