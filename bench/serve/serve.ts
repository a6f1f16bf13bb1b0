import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { resolveModel } from '../../src/app/models/resolve-model.ts';
import type { Bench } from '../harness.ts';
import { samplePapers } from '../language/sample-papers.ts';
import { installPackage } from '../load/installed-package.ts';
import { interleaved, median, quantile, ratiosOf } from '../reader/compare.ts';
import { log, type Row } from '../reader/row.ts';
import { askAll, askStream, type Load } from './clients.ts';
import { startServer } from './server-process.ts';

const slots = 8;
const maxTokens = 64;
/** Clients at once, and how many things each of them asks. */
const loads = [
  { clients: 1, each: 3 },
  { clients: 8, each: 2 },
  { clients: 16, each: 2 },
] as const;
const peers = new URL('../peers/', import.meta.url);

/**
 * Streamed completions over HTTP against a server of node-llama-cpp on the same GGUF file: tokens a second of all clients together, and how long a client waits for its first token. LYCEUM_MODEL names another
 * model than smollm2-135m-instruct.
 *
 * @throws Error where the two servers do not begin an answer with the same word
 */
export const serve: Bench = async ({ threads, runs = 5 }) => {
  const { path: file } = await resolveModel(process.env.LYCEUM_MODEL ?? 'smollm2-135m-instruct');
  const text = await samplePapers();
  const { version } = JSON.parse(readFileSync(new URL('node_modules/node-llama-cpp/package.json', peers), 'utf8')) as { version: string };
  await using installed = await installPackage();
  await using ours = await startServer({
    name: 'lyceum',
    command: installed.node,
    args: [installed.bin, 'serve', '--model', file, '--port', '0', '--slots', String(slots), '--threads', String(threads), '--quiet'],
  });
  await using peer = await startServer({
    name: 'node-llama-cpp',
    command: installed.node,
    args: [fileURLToPath(new URL('serve.mjs', peers)), file, String(slots), String(threads)],
  });
  const { data } = (await (await fetch(`${ours.url}/v1/models`)).json()) as { data: { id: string; lyceum: { weights: string } }[] };
  const { id: model, lyceum } = data[0]!;
  const ask = (url: string) => (prompt: string) => askStream(url, { model, prompt, max_tokens: maxTokens, temperature: 0 });
  const [our, their] = [await ask(ours.url)('The capital of France is'), await ask(peer.url)('The capital of France is')];
  const word = (answer: string): string => answer.trim().split(/\s+/)[0]!;
  log(`  ours begins ${JSON.stringify(our.text.slice(0, 60))}, node-llama-cpp ${JSON.stringify(their.text.slice(0, 60))}`);
  if (word(our.text) !== word(their.text))
    throw new Error(`bench serve: expected the same first word, got ${word(our.text)} and ${word(their.text)}; nothing was timed`);

  const rows: Row[] = [];
  for (const { clients, each } of loads) {
    // The number first: no prompt begins as one before, of which a server might keep what it read.
    const promptsOf = (run: number): string[] => Array.from({ length: clients * each }, (_, i) => `${run}.${i} ${text.slice(100 * i, 100 * i + 400)}`);
    const waits = { ours: [] as number[], peer: [] as number[] };
    const turn = (side: keyof typeof waits, url: string) => {
      let warm = false; // the first turn is not timed
      return async (run: number): Promise<number> => {
        const found: Load = await askAll(clients, promptsOf(warm ? run : -1), ask(url));
        if (warm) waits[side].push(...found.answers.map(({ firstSeconds }) => firstSeconds));
        warm = true;
        return 1 / found.tokensPerSecond;
      };
    };
    const times = await interleaved(runs, turn('ours', ours.url), turn('peer', peer.url));
    const shared = { peerName: 'node-llama-cpp', peerVersion: version, runs, gate: false };
    const note = `weights ${lyceum.weights}, ${clients} clients that ask ${each} times, ${maxTokens} tokens after prompts of about 100, ${slots} slots on both sides`;
    rows.push({
      name: `serve/${clients}`,
      metric: 'rate',
      unit: 'tokens/s',
      ours: 1 / median(times.ours),
      peer: 1 / median(times.peer),
      ...ratiosOf(times),
      ...shared,
      note,
    });
    for (const [name, share] of [
      ['p50', 0.5],
      ['p95', 0.95],
    ] as const) {
      const [own, other] = [quantile(waits.ours, share), quantile(waits.peer, share)];
      rows.push({
        name: `serve/${clients}/first-token-${name}`,
        metric: 'time',
        unit: 's',
        ours: own,
        peer: other,
        ratio: other / own,
        ratioP25: null,
        ratioP75: null,
        ...shared,
        note: `of ${waits.ours.length} answers, from the request to its first text`,
      });
    }
    log(`  ${clients} clients: ours ${(1 / median(times.ours)).toFixed(1)}, node-llama-cpp ${(1 / median(times.peer)).toFixed(1)} tokens/s`);
  }
  return rows;
};
