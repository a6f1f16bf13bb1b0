import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { trainReader } from '../../src/read/index.ts';
import type { BenchOptions } from '../harness.ts';
import { log, type Row } from '../reader/row.ts';

const seeds = [0, 1, 2];
const epochs = 4;
/** Half of the default: with it short trainings differ by 10 points of F1 from seed to seed (docs/LOG.md). */
const encoderRate = 1e-4;
const tasks = ['entity', 'relation', 'coreference'] as const;
type Task = (typeof tasks)[number];
const arms: readonly { readonly name: string; readonly tasks: readonly Task[] }[] = [
  ...tasks.map((task) => ({ name: task, tasks: [task] })),
  { name: 'all', tasks },
];

/** A row of a quality bench: what the timing rows have, and the seeds it is a mean over. */
export interface QualityRow extends Row {
  readonly seeds: readonly number[];
  /** Half the width of the interval that Student's t gives over the seeds. */
  readonly ci95: number;
}

type Figures = Readonly<Record<Task, number>>;
const metricOf: Readonly<Record<Task, string>> = { entity: 'entity-f1', relation: 'relation-f1', coreference: 'coreference-f1' };
const t95 = 4.303; // two degrees of freedom

/**
 * What one model for three tasks gains over a model for each (SciIE, table 3): the same reader trained on one task and on all, three seeds each, one short schedule, dev split. A cell is one training of a few minutes;
 * finished cells are kept in bench/quality/runs and a cell that was interrupted goes on. LYCEUM_SCIERC names the data's folder, LYCEUM_ENCODER one that `lyceum read pretrain` wrote.
 */
export const multiTask = async ({ threads }: BenchOptions): Promise<QualityRow[]> => {
  const dataDir = process.env.LYCEUM_SCIERC ?? fileURLToPath(new URL('../../../shared/data/scierc', import.meta.url));
  const encoderDir = process.env.LYCEUM_ENCODER;
  const folder = fileURLToPath(new URL('./runs/multi-task', import.meta.url));
  await mkdir(folder, { recursive: true });
  const found = new Map<string, Figures[]>();
  // Seed by seed, so that an unfinished bench has whole comparisons.
  for (const seed of seeds)
    for (const arm of arms) {
      const cell = `${folder}/${arm.name}-${seed}`;
      const figures = existsSync(`${cell}.json`)
        ? (JSON.parse(await readFile(`${cell}.json`, 'utf8')) as Figures)
        : await train(cell, arm.tasks, seed, { dataDir, encoderDir, threads });
      found.set(arm.name, [...(found.get(arm.name) ?? []), figures]);
      log(`  ${arm.name}, seed ${seed}: ${arm.tasks.map((task) => `${task} ${figures[task].toFixed(1)}`).join(', ')}`);
    }
  return tasks.map((task) => {
    const [alone, together] = [task, 'all'].map((arm) => found.get(arm)!.map((figures) => figures[task]));
    const gains = together!.map((value, i) => value - alone![i]!);
    return {
      name: `quality/multi-task/${task}`,
      metric: 'f1',
      unit: 'points',
      ours: mean(together!),
      peer: mean(alone!),
      peerName: 'the same reader trained on this task alone',
      peerVersion: null,
      ratio: null,
      ratioP25: null,
      ratioP75: null,
      runs: seeds.length,
      gate: false,
      seeds,
      ci95: interval(gains),
      note: `gain ${mean(gains).toFixed(1)} ± ${interval(gains).toFixed(1)} (95 %, ${seeds.length} seeds); alone ${shown(alone!)}, together ${shown(together!)}; ${epochs} epochs, encoder at ${encoderRate}, ${encoderDir ? 'pretrained encoder' : "the package's encoder"}, SciERC dev`,
    };
  });
};

const train = async (
  cell: string,
  own: readonly Task[],
  seed: number,
  { dataDir, encoderDir, threads }: { dataDir: string; encoderDir: string | undefined; threads: number },
): Promise<Figures> => {
  const options = { dataDir, outDir: cell, threads, seed, epochs, encoderRate, tasks: [...own], average: null, evaluateEvery: epochs };
  const { best } = await trainReader({ ...options, ...(encoderDir && { encoderDir }) });
  if (!best) throw new Error(`bench quality/multi-task: expected ${cell} to be judged, got no figures; remove the folder and run again`);
  const figures = Object.fromEntries(tasks.map((task) => [task, best.metrics[metricOf[task]]!])) as Figures;
  await writeFile(`${cell}.json`, JSON.stringify(figures));
  return figures;
};

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const interval = (values: readonly number[]): number => {
  const middle = mean(values);
  return (t95 * Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1))) / Math.sqrt(values.length);
};
const shown = (values: readonly number[]): string => values.map((value) => value.toFixed(1)).join(' ');
