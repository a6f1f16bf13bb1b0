import { mkdir, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { BaseModel } from '../../../src/adapt/index.ts';
import { openBase } from '../../../src/app/language-model/open-base.ts';
import { type BenchOptions, commit } from '../../harness.ts';
import { log } from '../../reader/row.ts';
import type { QualityRow } from '../multi-task.ts';
import { type Cell, cellsOf, hashOfCell } from './cells.ts';
import { type Mix, readMix } from './data.ts';
import { measureCell } from './measure.ts';
import { chooseRates } from './rates.ts';
import { addResult, type Result, readResults } from './results.ts';
import { rowsOf } from './rows.ts';
import { baseLosses, trainCell } from './train-cell.ts';

const model = process.env.LYCEUM_MODEL ?? 'smollm2-135m-instruct';
const runs = fileURLToPath(new URL('../runs/forgetting', import.meta.url));

/**
 * What teaching a small model takes from what it knew: full fine-tuning, one LoRA, and LoRAMoE without and with its constraint, at equal tokens, each at
 * the learning rate that did best on samples apart. Cells that docs/forgetting/cells.jsonl holds are not done again; a cell that was
 * interrupted goes on. At most `runs` cells and LYCEUM_BENCH_MINUTES minutes (300) are spent; rows are of what is there then. LYCEUM_DATA names the folder of data.
 */
export const forgetting = async ({ threads, runs: most = Number.POSITIVE_INFINITY }: BenchOptions): Promise<QualityRow[]> => {
  const until = performance.now() + 60_000 * Number(process.env.LYCEUM_BENCH_MINUTES ?? 300);
  const base = await openBase(model, { threads });
  const mix = await readMix(base);
  const asked = [base.sha256, ...mix.asked];
  const before: Cell = { name: 'base', arm: 'base', size: 0, seed: 0, recipe: {} };
  const wanted = [before, ...cellsOf(await chooseRates(base, mix, runs, threads))].map((cell) => ({ cell, hash: hashOfCell(cell, asked) }));
  const known = async (): Promise<Map<string, Result>> => new Map((await readResults()).map((result) => [result.hash, result]));
  const done = await known();
  let left = most;
  for (const { cell, hash } of wanted) {
    if (done.has(hash)) continue;
    if (left-- <= 0 || performance.now() > until) break;
    log(`  ${cell.name} …`);
    const started = performance.now();
    try {
      const found =
        cell.arm === 'base' ? await measureBase(base, mix, threads) : await measureTrained(base, mix, cell, `${runs}/${cell.name}-${hash}`, threads);
      const { name, arm, size, seed } = cell;
      const minutes = Math.round((performance.now() - started) / 6000) / 10;
      await addResult({ cell: name, hash, arm, size, seed, commit: commit(), date: new Date().toISOString().slice(0, 10), minutes, ...found });
      log(`  ${name}: ${minutes} minutes`);
    } catch (error) {
      log(`  ${cell.name} failed: ${error instanceof Error ? error.message : error}`); // the others are worth having; the next call tries it again
    }
  }
  const found = await known();
  return rowsOf(wanted.flatMap(({ hash }) => found.get(hash) ?? []));
};

type Found = Omit<Result, 'cell' | 'hash' | 'arm' | 'size' | 'seed' | 'commit' | 'date' | 'minutes'>;

const measureBase = async (base: BaseModel, mix: Mix, threads: number): Promise<Found> => ({
  losses: await baseLosses(base, mix, threads),
  measured: await measureCell(model, undefined, mix.tests, { threads }),
});

const measureTrained = async (base: BaseModel, mix: Mix, cell: Cell, folder: string, threads: number): Promise<Found> => {
  await mkdir(folder, { recursive: true });
  const { adapter, seconds, ...trained } = await trainCell(base, mix, cell, folder, threads);
  const measured = await measureCell(model, adapter, mix.tests, { threads });
  await rm(folder, { recursive: true }); // of full fine-tuning two gigabytes
  return { ...trained, trainingSeconds: Math.round(seconds), measured };
};
