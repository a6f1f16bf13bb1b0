import { existsSync } from 'node:fs';
import { appendFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BaseModel, type FrozenWeights, openHeldOut, recipeOf, trainAdapter } from '../../src/adapt/index.ts';
import { adaptModel } from '../../src/app/adapt/adapt-model.ts';
import { openBase } from '../../src/app/language-model/open-base.ts';
import { openEngine } from '../../src/runtime/index.ts';
import { type BenchOptions, commit } from '../harness.ts';
import { alone, log } from '../reader/row.ts';
import { hashOfCell } from './forgetting/cells.ts';
import { type Mix, readMix } from './forgetting/data.ts';
import type { QualityRow } from './multi-task.ts';

const model = process.env.LYCEUM_MODEL ?? 'smollm2-135m-instruct';
const path = fileURLToPath(new URL('../../docs/adapt/cells.jsonl', import.meta.url));
const example = fileURLToPath(new URL('../../examples/instructions/weather-station.jsonl', import.meta.url));
const seeds = [1, 2, 3];
const size = 512;
const wanted = 0.01; // most that a loss beside whole numbers may lie above that beside floats
const t95 = 4.303; // two degrees of freedom

interface Difference {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}
/** A line of docs/adapt/cells.jsonl. */
interface Cell {
  readonly cell: string;
  readonly hash: string;
  readonly commit: string;
  /** Of a training: loss of samples apart, in nats a label. */
  readonly loss?: number;
  /** Of a run of `lyceum adapt`. */
  readonly run?: Readonly<
    Record<'task' | 'knowledge', { readonly metric: string; readonly n: number; readonly before: number; readonly after: number; readonly gain: Difference }>
  >;
}

/**
 * What `lyceum adapt` does to a model: the example that ships with Lyceum, taught by the default recipe, before and after; and what frozen weights in whole numbers cost, the loss of samples apart after the same 512 samples beside
 * float weights and beside int8, three seeds. Cells that docs/adapt/cells.jsonl holds are not done again; at most `runs` are done.
 */
export const adaptBench = async ({ threads, runs: most = Number.POSITIVE_INFINITY }: BenchOptions): Promise<QualityRow[]> => {
  const base = await openBase(model, { threads });
  const mix = await readMix(base);
  const known = await readCells();
  let left = most;
  const cell = async (name: string, hash: string, make: () => Promise<Pick<Cell, 'loss' | 'run'>>): Promise<Cell | undefined> => {
    const there = known.get(`${name} ${hash}`);
    if (there || left-- <= 0) return there;
    log(`  ${name} …`);
    const made: Cell = { cell: name, hash, commit: commit(), ...(await make()) };
    await mkdir(fileURLToPath(new URL('../../docs/adapt', import.meta.url)), { recursive: true });
    await appendFile(path, `${JSON.stringify(made)}\n`);
    return made;
  };
  const pairs: { f32: number; int8: number; seed: number }[] = [];
  for (const seed of seeds) {
    const lossOf = async (weights: FrozenWeights): Promise<number | undefined> => {
      const recipe = { method: 'loramoe', weights, length: 256, rows: 4, epochs: 1, replay: 0, seed } as const;
      const name = `${weights}-${seed}`;
      return (await cell(name, hashOfCell({ name, size, seed, recipe }, [base.sha256, ...mix.asked]), () => trainedLoss(base, mix, recipe, threads)))?.loss;
    };
    const [f32, int8] = [await lossOf('f32'), await lossOf('int8')];
    if (f32 !== undefined && int8 !== undefined) pairs.push({ f32, int8, seed });
  }
  const text = await readFile(example, 'utf8');
  const made = await cell('example', hashOfCell({ name: text, size: 0, seed: 1, recipe: {} }, [base.sha256]), () => runExample(threads));
  return [...(pairs.length > 0 ? [weightsRow(pairs)] : []), ...(made?.run ? exampleRows(made.run) : [])];
};

const readCells = async (): Promise<Map<string, Cell>> => {
  if (!existsSync(path)) return new Map();
  const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line.endsWith('}')); // a line cut off by a kill is none
  return new Map(lines.map((line) => JSON.parse(line) as Cell).map((cell) => [`${cell.cell} ${cell.hash}`, cell]));
};

const trainedLoss = async (base: BaseModel, mix: Mix, given: Parameters<typeof recipeOf>[0] & { readonly seed: number }, threads: number) => {
  const folder = await mkdtemp(join(tmpdir(), 'lyceum-adapt-'));
  await using engine = await openEngine({ process: true, threads, cacheBytes: 1 });
  const recipe = recipeOf(given, { exactBytes: true, model: base.source.member.config });
  await using judge = await openHeldOut({ base, engine, recipe, texts: mix.dev });
  const { best } = await trainAdapter({ base, engine, recipe, texts: mix.training(size, given.seed), judge, folder });
  await rm(folder, { recursive: true });
  return { loss: -best!.score };
};

const runExample = async (threads: number): Promise<Pick<Cell, 'run'>> => {
  const runsDir = await mkdtemp(join(tmpdir(), 'lyceum-adapt-'));
  const { result } = await adaptModel({ data: example, model, runsDir, threads, seed: 1, onNote: (message) => log(`    ${message}`) });
  await rm(runsDir, { recursive: true });
  const { task, knowledge } = result!;
  if (!task?.difference || !knowledge)
    throw new Error('bench quality/adapt: expected a task and knowledge to be measured, got none; the example has no held-out answers');
  const figures = ({ metric, n, before, after }: NonNullable<typeof task>, { value, low, high }: Difference) => ({
    metric,
    n,
    before: before.value,
    after: after.value,
    gain: { value, low, high },
  });
  return { run: { task: figures(task, task.difference), knowledge: figures(knowledge, knowledge.difference) } };
};

const weightsRow = (pairs: readonly { readonly f32: number; readonly int8: number; readonly seed: number }[]): QualityRow => {
  const above = pairs.map(({ f32, int8 }) => int8 / f32 - 1);
  const middle = mean(above);
  const spread = Math.sqrt(above.reduce((sum, value) => sum + (value - middle) ** 2, 0) / Math.max(1, above.length - 1));
  const ci95 = pairs.length === seeds.length ? (t95 * spread) / Math.sqrt(pairs.length) : Number.NaN;
  return {
    ...alone,
    name: 'quality/adapt/int8-loss',
    metric: 'share',
    unit: 'nats a label',
    ours: mean(pairs.map(({ int8 }) => int8)),
    peer: mean(pairs.map(({ f32 }) => f32)),
    peerName: 'the same training beside float weights',
    ratio: 1 / (1 + middle),
    runs: pairs.length,
    gate: true,
    seeds: pairs.map(({ seed }) => seed),
    ci95,
    note: `${(100 * middle).toFixed(2)} % above (wanted at most ${100 * wanted} %), single seeds ${above.map((value) => (100 * value).toFixed(2)).join(' ')}`,
  };
};

const exampleRows = (run: NonNullable<Cell['run']>): QualityRow[] =>
  (['task', 'knowledge'] as const).map((what): QualityRow => {
    const { metric, n, before, after, gain } = run[what];
    return {
      ...alone,
      name: `quality/adapt/example/${what}`,
      metric: 'share',
      unit: metric,
      ours: after,
      peer: before,
      peerName: 'before training',
      runs: n,
      gate: false,
      seeds: [1],
      ci95: (gain.high - gain.low) / 2,
      note: `gain ${gain.value.toFixed(3)} (95 %: ${gain.low.toFixed(3)} to ${gain.high.toFixed(3)}), ${n} items`,
    };
  });

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
