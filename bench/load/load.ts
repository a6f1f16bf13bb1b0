import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { resolveModel } from '../../src/app/models/resolve-model.ts';
import type { Bench } from '../harness.ts';
import { interleaved, median, ratiosOf } from '../reader/compare.ts';
import { log, type Row } from '../reader/row.ts';
import { openLanguage, openLlamaCpp, type Worker } from '../reader/worker.ts';
import { type Command, runCommand } from './command.ts';
import { installPackage } from './installed-package.ts';

const prompt = 'The capital of France is';
const tokens = 32;
const peers = new URL('../peers/', import.meta.url);

/**
 * What it takes to begin, against node-llama-cpp on the same GGUF file: from a command, in a new process, to the first piece of its answer; the most memory its processes hold; and the opening alone, in a
 * process that is there. LYCEUM_MODEL names another model than smollm2-135m-instruct.
 *
 * @throws Error where the two sides do not begin with the same word
 */
export const load: Bench = async ({ threads, runs = 11 }) => {
  const { path: file } = await resolveModel(process.env.LYCEUM_MODEL ?? 'smollm2-135m-instruct');
  const { version } = JSON.parse(readFileSync(new URL('node_modules/node-llama-cpp/package.json', peers), 'utf8')) as { version: string };
  await using installed = await installPackage();
  const complete = ['complete', '--model', file, prompt, '--max-tokens', String(tokens), '--threads', String(threads), '--quiet'];
  const ours: Command = { name: 'lyceum', command: installed.node, args: [installed.bin, ...complete] };
  const peer: Command = {
    name: 'node-llama-cpp',
    command: installed.node,
    args: [fileURLToPath(new URL('first_token.mjs', peers)), file, prompt, String(tokens), String(threads)],
  };
  const [our, their] = [await runCommand(ours), await runCommand(peer)]; // ours keeps the weights it prepared
  const word = (text: string): string => text.trim().split(/\s+/)[0]!;
  log(`  ours begins ${JSON.stringify(our.text.slice(0, 60))}, ${peer.name} ${JSON.stringify(their.text.slice(0, 60))}`);
  if (word(our.text) !== word(their.text))
    throw new Error(`bench load: expected the same first word, got ${word(our.text)} and ${word(their.text)}; nothing was timed`);

  const first = (command: Command) => async (): Promise<number> => (await runCommand(command)).firstSeconds;
  const common = { peerName: peer.name, peerVersion: version };
  const timed = async (name: string, gate: boolean, turns: number, note: string, one: () => Promise<number>, other: () => Promise<number>): Promise<Row> => {
    const times = await interleaved(turns, one, other);
    return { name, metric: 'time', unit: 's', ours: median(times.ours), peer: median(times.peer), ...common, ...ratiosOf(times), runs: turns, gate, note };
  };
  const note = `package as installed, ${tokens} tokens after a prompt of 5, model and prepared weights in the cache and in the page cache`;
  const rows = [await timed('load/first-token', true, runs, note, first(ours), first(peer))];

  const peaks: { ours: number[]; peer: number[] } = { ours: [], peer: [] };
  const watched = Math.ceil(runs / 2);
  for (let run = 0; run < watched; run++) {
    peaks.ours.push((await runCommand(ours, { watch: true })).peakBytes);
    peaks.peer.push((await runCommand(peer, { watch: true })).peakBytes);
  }
  rows.push({
    name: 'load/memory',
    metric: 'memory',
    unit: 'bytes',
    ours: median(peaks.ours),
    peer: median(peaks.peer),
    ...common,
    ...ratiosOf(peaks),
    runs: watched,
    gate: true,
    note: 'the same commands; most that all processes of the tree held together, sum of their proportional sets every 10 ms: a shared page counts once, mapped weights count',
  });

  const opening = (open: () => Worker) => async (): Promise<number> => {
    await using worker = open();
    return (await worker.ask<{ seconds: number }>('open', { file, threads, weights: 'auto' })).seconds;
  };
  rows.push(
    await timed('load/open', false, watched, 'the call that opens, in a process whose modules are loaded', opening(openLanguage), opening(openLlamaCpp)),
  );

  const unprepared = async (): Promise<number> => {
    const home = await mkdtemp(join(installed.folder, 'home-'));
    const { firstSeconds } = await runCommand({ ...ours, environment: { LYCEUM_HOME: home } });
    await rm(home, { recursive: true });
    return firstSeconds;
  };
  rows.push(
    await timed('load/first-ever', false, 3, 'as load/first-token, with nothing prepared: ours repacks the weights and keeps them', unprepared, first(peer)),
  );
  return rows;
};
