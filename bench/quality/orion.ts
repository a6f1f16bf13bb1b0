import { existsSync } from 'node:fs';
import { appendFile, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type OrionRunSettings, type OrionTaskOutcome, openInspected, runOrion } from '../../src/app/inspect/index.ts';
import { byRole, orionTasks } from '../../src/inspect/index.ts';
import { type BenchOptions, commit } from '../harness.ts';
import { log } from '../reader/row.ts';
import { controlName, trainControl } from './control/train-control.ts';
import type { QualityRow } from './multi-task.ts';
import { type Cell, cellsFile, readCells } from './orion-cells.ts';
import { orionRows } from './orion-rows.ts';

const runs = fileURLToPath(new URL('./runs', import.meta.url));
const shared = fileURLToPath(new URL('../../../shared/data/orion', import.meta.url));
const original = { stories: join(shared, 'nanostories_5.json'), questions: join(shared, 'questions.json') };
/** What the variant is called that asks about the stories of the original collection. */
const originalVariant = 'original-stories';

interface Asked {
  readonly family: string;
  readonly variant: string;
}

/**
 * The retrieval tasks of ORION, all variants, 100 prompts and 100 pairs at each layer, float32; where ../shared has the stories of the original collection, questions on those too. Cells, a variant of a model and seed each, are kept in
 * docs/orion/cells.jsonl; what is missing is measured, for at most LYCEUM_BENCH_MINUTES (default 330), and rows are of all that is there. LYCEUM_MODEL names other models (`control-neox` is trained here, in ten minutes), LYCEUM_SEEDS other
 * seeds, LYCEUM_FAMILIES some families, with commas between.
 */
export const orion = async ({ threads }: BenchOptions): Promise<QualityRow[]> => {
  const listed = (name: string, otherwise: string): string[] => (process.env[name] ?? otherwise).split(',').filter((one) => one !== '');
  const models = listed('LYCEUM_MODEL', 'smollm2-135m-instruct');
  const seeds = listed('LYCEUM_SEEDS', '0,1,2').map(Number);
  const families = process.env.LYCEUM_FAMILIES?.split(',');
  const at = commit(); // before cells are added to a file of the checkout
  const stop = AbortSignal.timeout(60_000 * Number(process.env.LYCEUM_BENCH_MINUTES ?? 330) + 1);
  await mkdir(dirname(cellsFile), { recursive: true });
  for (const seed of seeds)
    for (const name of models) {
      if (stop.aborted) break;
      const known = await readCells();
      const place = name === controlName ? await trainControl(join(runs, controlName), { threads }) : name;
      await using model = await openInspected(place, { threads });
      const missing = (tasks: readonly Asked[]): Asked[] =>
        tasks.filter(
          ({ family, variant }) =>
            (families?.includes(family) ?? true) &&
            !known.some((cell) => cell.model === model.name && cell.seed === seed && cell.family === family && cell.variant === variant),
        );
      const measure = async (
        tasks: readonly Asked[],
        { variant, stories }: { variant?: string; stories?: OrionRunSettings['stories'] } = {},
      ): Promise<void> => {
        if (tasks.length === 0) return;
        const keep = async ({ curves, ...rest }: OrionTaskOutcome): Promise<void> => {
          const values = curves && byRole((role) => curves[role].map(({ tokenProb }) => Number(tokenProb.value.toFixed(3))));
          const cell: Cell = { model: model.name, seed, commit: at, ...rest, ...(variant !== undefined && { variant }), curves: values };
          await appendFile(cellsFile, `${JSON.stringify(cell)}\n`);
          log(
            `  ${model.name} ${seed} ${cell.family}/${cell.variant}: ${rest.accuracy.toFixed(2)} right, request moved ${rest.requestTransfer?.max.toFixed(2) ?? '–'}`,
          );
        };
        const folder = join(runs, 'orion', `${model.name}-${seed}${variant === undefined ? '' : `-${variant}`}`);
        const names = tasks.map((task) => (variant === undefined ? `${task.family}/${task.variant}` : task.family));
        const { skipped } = await runOrion(model, { tasks: names, stories, folder, seed, signal: stop, onTask: keep });
        for (const one of skipped) log(`  ${model.name} ${seed} ${one.family}/${one.variant} cannot be asked: ${one.reason}`);
      };
      try {
        await measure(missing(orionTasks()));
        if (existsSync(original.stories)) {
          const asked = orionTasks().filter(({ variant }) => variant === 'stories').map(({ family }) => ({ family, variant: originalVariant })); // biome-ignore format: a chain
          await measure(missing(asked), { variant: originalVariant, stories: original });
        }
      } catch (error) {
        if (!stop.aborted) throw error;
      }
    }
  return orionRows(await readCells());
};
