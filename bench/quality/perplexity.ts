import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { resolveModel } from '../../src/app/models/resolve-model.ts';
import { type BenchOptions, commit } from '../harness.ts';
import { quantile } from '../reader/compare.ts';
import { log } from '../reader/row.ts';
import { openLanguage, openLlamaCpp, openTransformers, type Worker } from '../reader/worker.ts';
import type { QualityRow } from './multi-task.ts';

const passages = 24;
const limit = 0.01; // of float32's perplexity, for what runs with fewer bits

interface Passage {
  readonly perplexity: number;
  readonly tokens: number;
}
interface Cell {
  readonly version: string;
  readonly passages: readonly Passage[];
}

/**
 * Perplexity of SmolLM2 on 24 abstracts with each kind of weights, beside node-llama-cpp on the same file and PyTorch on its weights in float32: every token of an abstract after the first is scored. A cell is one side on all
 * of them; finished cells are kept in bench/quality/runs. LYCEUM_MODEL names another model, LYCEUM_ABSTRACTS another file of abstracts.
 *
 * @throws Error where two sides cut a text into another number of tokens
 */
export const perplexity = async ({ threads }: BenchOptions): Promise<QualityRow[]> => {
  const name = process.env.LYCEUM_MODEL ?? 'smollm2-135m-instruct';
  const { path: file } = await resolveModel(name);
  const texts = await abstracts();
  const folder = fileURLToPath(new URL('./runs/perplexity', import.meta.url));
  await mkdir(folder, { recursive: true });
  const built = commit().replace('+', '-changed');
  const cell = async (side: string, open: () => Worker, request: object): Promise<Cell | undefined> => {
    const kept = `${folder}/${name.replaceAll(/[^\w.-]/g, '_')}-${side}-${built}.json`;
    if (existsSync(kept)) return JSON.parse(await readFile(kept, 'utf8')) as Cell;
    try {
      await using worker = open();
      const { version } = await worker.ask<{ version: string }>('open', { file, threads, ...request });
      const found: Passage[] = [];
      for (const text of texts) found.push(await worker.ask<Passage>('perplexity', { text }));
      await writeFile(kept, JSON.stringify({ version, passages: found }));
      log(`  ${side}: ${total(found).toFixed(3)}`);
      return { version, passages: found };
    } catch (error) {
      if (side in ours) throw error;
      log(`  ${side}: not here: ${String(error).split('\n')[0]}`);
      return undefined;
    }
  };
  const ours: Record<string, Cell> = { f32: undefined!, int8: undefined!, int4: undefined!, auto: undefined! };
  for (const weights of Object.keys(ours)) ours[weights] = (await cell(weights, openLanguage, { weights }))!;
  const torch = await cell('PyTorch float32', () => openTransformers(threads), {});
  const llama = await cell('node-llama-cpp', openLlamaCpp, {});
  const base = ours['f32']!;
  const row = (what: string, own: Cell, peer: Cell | undefined, peerName: string, gate: boolean): QualityRow => {
    const gains = peer ? ratios(own, peer, peerName) : [];
    const figures = peer ? { ratio: total(peer.passages) / total(own.passages), ratioP25: quantile(gains, 0.25), ratioP75: quantile(gains, 0.75) } : none;
    const above = (100 * total(own.passages)) / total(base.passages) - 100;
    return {
      name: `quality/perplexity/${what}`,
      metric: 'perplexity',
      unit: 'perplexity',
      ours: total(own.passages),
      peer: peer ? total(peer.passages) : null,
      peerName: peer ? peerName : null,
      peerVersion: peer?.version ?? null,
      ...figures,
      runs: texts.length,
      gate,
      seeds: [],
      ci95: peer ? (1.96 * deviation(gains)) / Math.sqrt(gains.length) : 0,
      note: `weights ${own.version}, ${above.toFixed(2)} % above float32${gate ? `, wanted at most ${100 * limit} %` : ''}; ci95 of the mean ratio over ${texts.length} abstracts`,
    };
  };
  return [
    row('f32', base, torch, 'PyTorch float32', false),
    ...['int8', 'int4', 'auto'].map((weights) => row(weights, ours[weights]!, base, 'float32', true)),
    row('llama-cpp', ours['auto']!, llama, 'node-llama-cpp', false),
  ];
};

const none = { ratio: null, ratioP25: null, ratioP75: null };

const abstracts = async (): Promise<string[]> => {
  const path = process.env.LYCEUM_ABSTRACTS ?? fileURLToPath(new URL('../../../shared/data/ai_abstracts/abstracts.jsonl.gz', import.meta.url));
  if (!existsSync(path)) throw new Error(`bench quality/perplexity: expected abstracts at ${path}, got nothing there; name the file with LYCEUM_ABSTRACTS`);
  const lines = gunzipSync(await readFile(path))
    .toString()
    .split('\n')
    .slice(0, passages);
  return lines.map((line) => (JSON.parse(line) as { abstract: string }).abstract.trim());
};

/** Over all tokens. */
const total = (all: readonly Passage[]): number =>
  Math.exp(all.reduce((sum, one) => sum + Math.log(one.perplexity) * one.tokens, 0) / all.reduce((sum, { tokens }) => sum + tokens, 0));

const ratios = (own: Cell, peer: Cell, name: string): number[] =>
  own.passages.map(({ perplexity, tokens }, i) => {
    const other = peer.passages[i]!;
    if (other.tokens !== tokens) throw new Error(`bench quality/perplexity: expected ${tokens} tokens of abstract ${i} from ${name}, got ${other.tokens}`);
    return other.perplexity / perplexity;
  });

const deviation = (values: readonly number[]): number => {
  const middle = values.reduce((a, b) => a + b, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1));
};
