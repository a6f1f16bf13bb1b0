import { openTextTools } from '../../src/app/language-model/text-tools.ts';
import { resolveModel } from '../../src/app/models/resolve-model.ts';
import { drawPairs, makeDataset, type OrionPrompt, orionTasks, type PatchedRun } from '../../src/inspect/index.ts';
import { openCausalFiles } from '../../src/models/index.ts';
import type { Bench } from '../harness.ts';
import { interleaved, median, quantile, ratiosOf } from '../reader/compare.ts';
import { alone, log, type Row } from '../reader/row.ts';
import { openSweeper, openTorchSweeper, type Worker } from '../reader/worker.ts';

const model = 'smollm2-135m-instruct';
const pool = 100; // prompts, and pairs of each layer
const sample = 4; // pairs that the peer patches at all layers
const batch = 5; // forward passes of the peer at once
const tolerance = 1e-3; // of a log-probability, float32 against float32

const pairTurns = 15; // of one pair

/**
 * What patching costs a model that is open: `sweep/pair`, one pair of prompts at all layers, as `lyceum inspect patch` and the workbench ask for it, and `sweep/pair-int8`, the same with rounded weights; and `sweep/qa`, a full sweep beside a peer. LYCEUM_ROWS names one of them alone
 * (those of pairs need no peer and take seconds).
 */
export const sweepBench: Bench = async ({ threads, runs }) => {
  const only = process.env.LYCEUM_ROWS?.split(',');
  const strange = only?.filter((name) => !Object.hasOwn(rows, name)) ?? [];
  if (strange.length > 0) throw new Error(`bench sweep: LYCEUM_ROWS: expected some of ${Object.keys(rows).join(', ')}, got ${strange.join(', ')}`);
  const { path: file, kind } = await resolveModel(model);
  const { tokenizer } = await openTextTools(await openCausalFiles(kind, file), undefined);
  const task = orionTasks().find(({ family }) => family === 'qa-base')!;
  const { prompts } = makeDataset(task, tokenizer, { count: pool });
  await using ours = openSweeper();
  const { layers } = await ours.ask<{ layers: number }>('open', { file, threads });
  const measured: Row[] = [];
  for (const [name, row] of Object.entries(rows)) if (only?.includes(name) ?? true) measured.push(await row({ ours, file, threads, layers, prompts, runs }));
  return measured;
};

interface Opened {
  readonly ours: Worker;
  readonly file: string;
  readonly threads: number;
  readonly layers: number;
  readonly prompts: readonly OrionPrompt[];
  readonly runs: number | undefined;
}

/** One pair at a time, every turn another one: what was read for the last pair is of no use to the next. The first turns are not counted. */
const pairRow = async ({ ours, layers, prompts, runs = pairTurns }: Opened, name = 'sweep/pair'): Promise<Row> => {
  const untimed = 2;
  const pairs = drawPairs(prompts.length, [1], { count: untimed + runs });
  const seconds: number[] = [];
  for (const { source, target } of pairs) {
    const turn = await ours.ask<{ seconds: number; layers: number }>('pair', { source: prompts[source]!.text, target: prompts[target]!.text });
    if (turn.layers !== layers) throw new Error(`bench sweep: expected answers at ${layers} layers, got ${turn.layers}`);
    seconds.push(turn.seconds);
  }
  const timed = seconds.slice(untimed);
  const lengths = pairs.flatMap(({ source, target }) => [prompts[source]!, prompts[target]!]).map(({ ids }) => ids.length);
  const note = `two prompts of ${Math.min(...lengths)} to ${Math.max(...lengths)} tokens, the model open, ${layers} layers, the five likeliest tokens of each; a quarter of the turns took less than ${quantile(timed, 0.25).toFixed(2)} s, a quarter more than ${quantile(timed, 0.75).toFixed(2)} s`;
  return { name, metric: 'time', unit: 's', ours: median(timed), ...alone, runs, gate: true, note };
};

/** The same beside frozen weights in whole numbers, `inspect patch --weights int8`. */
const roundedPairRow = async (opened: Opened): Promise<Row> => {
  await using ours = openSweeper();
  await ours.ask('open', { file: opened.file, threads: opened.threads, weights: 'int8' });
  return await pairRow({ ...opened, ours }, 'sweep/pair-int8');
};

/**
 * A full sweep of question answering, exact float32: a pool of prompts, as many pairs for each layer, every layer. The peer makes one forward pass for every pair and layer, several at once, as hooks on a model do; it is timed
 * on a few pairs at all layers, and scaled. What its sources hold it reads once for all layers.
 */
const fullRow = async ({ ours, file, threads, layers, prompts, runs = 3 }: Opened): Promise<Row> => {
  const ids = prompts.map((prompt) => prompt.ids);
  await using peer = openTorchSweeper(threads);
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
  return {
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
  };
};

// The full sweep stands first: its figure is the bench's.
const rows: Readonly<Record<string, (opened: Opened) => Promise<Row>>> = {
  'sweep/qa': fullRow,
  'sweep/pair': (opened) => pairRow(opened),
  'sweep/pair-int8': roundedPairRow,
};
