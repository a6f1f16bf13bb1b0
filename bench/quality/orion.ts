import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type OrionTaskOutcome, openInspected, runOrion } from '../../src/app/inspect/index.ts';
import { byRole, orionTasks, type Role } from '../../src/inspect/index.ts';
import { type BenchOptions, commit } from '../harness.ts';
import { quantile } from '../reader/compare.ts';
import { alone, log } from '../reader/row.ts';
import type { QualityRow } from './multi-task.ts';

const cells = fileURLToPath(new URL('../../docs/orion/cells.jsonl', import.meta.url));

/** A variant of one model and seed, its curves as their normalised token probabilities from layer 1 up. */
type Cell = {
  readonly model: string;
  readonly seed: number;
  readonly commit: string;
  readonly curves: Readonly<Record<Role, readonly number[]>> | null;
} & Omit<OrionTaskOutcome, 'curves'>;

/**
 * The retrieval tasks of ORION, all variants, 100 prompts and 100 pairs at each layer, float32. Cells, a variant of a model and seed each, are kept in docs/orion/cells.jsonl; what is missing is measured, for at most
 * LYCEUM_BENCH_MINUTES (default 330). LYCEUM_MODEL names other models, LYCEUM_SEEDS other seeds, LYCEUM_FAMILIES some families, with commas between.
 */
export const orion = async ({ threads }: BenchOptions): Promise<QualityRow[]> => {
  const models = (process.env.LYCEUM_MODEL ?? 'smollm2-135m-instruct').split(',');
  const at = commit(); // before cells are added to a file of the checkout
  const stop = AbortSignal.timeout(60_000 * Number(process.env.LYCEUM_BENCH_MINUTES ?? 330) + 1);
  const families = process.env.LYCEUM_FAMILIES?.split(',');
  const seeds = (process.env.LYCEUM_SEEDS ?? '0,1,2').split(',').map(Number);
  await mkdir(new URL('.', `file://${cells}`), { recursive: true });
  for (const seed of seeds)
    for (const name of models) {
      if (stop.aborted) break;
      const known = await readCells();
      const isKnown = (model: string, { family, variant }: { readonly family: string; readonly variant: string }): boolean =>
        known.some((one) => one.model === model && one.seed === seed && one.family === family && one.variant === variant);
      await using model = await openInspected(name, { threads });
      const missing = orionTasks().filter((task) => (families?.includes(task.family) ?? true) && !isKnown(model.name, task));
      if (missing.length === 0) continue;
      const folder = fileURLToPath(new URL(`./runs/orion/${model.name}-${seed}`, import.meta.url));
      const keep = async (task: OrionTaskOutcome): Promise<void> => {
        const { curves, ...rest } = task;
        const values = curves && byRole((role) => curves[role].map(({ tokenProb }) => Number(tokenProb.value.toFixed(3))));
        const cell: Cell = { model: model.name, seed, commit: at, ...rest, curves: values };
        await appendFile(cells, `${JSON.stringify(cell)}\n`);
        log(
          `  ${model.name} ${seed} ${task.family}/${task.variant}: ${task.accuracy.toFixed(2)} right, request moved ${task.requestTransfer?.max.toFixed(2) ?? '–'}`,
        );
      };
      try {
        await runOrion(model, { tasks: missing.map(({ family, variant }) => `${family}/${variant}`), folder, seed, signal: stop, onTask: keep });
      } catch (error) {
        if (!stop.aborted) throw error;
      }
    }
  return rowsOf((await readCells()).filter(({ model }) => models.includes(model)));
};

const readCells = async (): Promise<Cell[]> => {
  const text = await readFile(cells, 'utf8').catch(() => '');
  return text.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Cell); // biome-ignore format: a chain
};

/** Of every model the share of its known families whose request is moved, then its variants. */
const rowsOf = (all: readonly Cell[]): QualityRow[] =>
  [...Map.groupBy(all, ({ model }) => model)].flatMap(([model, own]) => {
    const transfers = [
      ...Map.groupBy(
        own.filter(({ requestTransfer }) => requestTransfer),
        ({ seed, family }) => `${seed} ${family}`,
      ),
    ].map(
      // biome-ignore format: a chain
      ([, cells]) => cells.reduce((sum, { requestTransfer }) => sum + requestTransfer!.max, 0) / cells.length,
    );
    const moved = transfers.filter((value) => value > 0.7).length;
    const whole = { metric: 'share' as const, unit: 'of cells', ...alone, seeds: [...new Set(own.map(({ seed }) => seed))] };
    return [
      {
        ...whole,
        name: `quality/orion/${model}/cells`,
        ours: transfers.length > 0 ? moved / transfers.length : 0,
        runs: transfers.length,
        ci95: transfers.length > 0 ? 1.96 * Math.sqrt(((moved / transfers.length) * (1 - moved / transfers.length)) / transfers.length) : 0,
        gate: true,
        note: `${moved} of ${transfers.length} known cells (family and seed) with more than 0.7 after the request was moved, wanted 80 %`,
      },
      ...[...Map.groupBy(own, ({ family, variant }) => `${family}/${variant}`)].map(([name, cells]) => {
        const values = cells.flatMap(({ requestTransfer }) => (requestTransfer ? [requestTransfer.max] : []));
        const right = quantile(cells.map(({ accuracy }) => accuracy), 0.5); // biome-ignore format: one call
        const first = cells.find(({ requestTransfer }) => requestTransfer);
        return {
          ...whole,
          unit: 'of the probability unpatched',
          name: `quality/orion/${model}/${name}`,
          ours: values.length > 0 ? quantile(values, 0.5) : 0,
          runs: cells.length,
          ci95: first?.requestTransfer ? (first.requestTransfer.ci95[1] - first.requestTransfer.ci95[0]) / 2 : 0,
          gate: false,
          note: `${right.toFixed(2)} right (guess ${cells[0]!.guess.toFixed(2)})${first ? `, L1 ${first.L1}, L2 ${first.L2}, L3 ${first.L3 ?? 'none'}` : ', not known: nothing was patched'}`,
        };
      }),
    ];
  });
