import type { Sample } from '../../adapt/index.ts';
import { ConfigError } from '../../core/index.ts';
import { meanOf, summariseMatrix, worldFactsPath } from '../../evaluate/index.ts';
import { sha256OfFile } from '../../formats/index.ts';
import type { LearningMatrix } from '../../report/index.ts';
import { openBase } from '../language-model/open-base.ts';
import { openLanguageModelApart } from '../language-model/open-language-model-apart.ts';
import type { AdaptProgress } from './adapt-options.ts';
import { holdRun } from './hold-run.ts';
import { addCell, keepCells, keptCells, type MatrixCells, scoreIn } from './matrix-cells.ts';
import { askedIn, heldOutSamples, type MatrixStage, openStage } from './matrix-stage.ts';
import { askHeldOut, askKnowledge, taskMetric } from './measure-model.ts';

export interface MatrixOptions {
  readonly threads: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: AdaptProgress) => void;
}

/** A task of the matrix. Without a stage it is knowledge of the world. */
interface Task {
  readonly key: string;
  readonly stage: MatrixStage | undefined;
  readonly n: number;
  readonly metric: string;
}

/** A model of the matrix: the base, or a stage's. */
interface Model {
  readonly key: string;
  readonly name: string;
  readonly adapter: string | undefined;
}

interface Plan {
  readonly stages: readonly MatrixStage[];
  readonly tasks: readonly Task[];
  /** The base first. */
  readonly models: readonly Model[];
  readonly cells: MatrixCells;
}

const baseKey = 'base';

/** What the matrix of runs is made of, and which of it is known: from their results where these are the same figure, else as it was kept. */
const planMatrix = async (folders: readonly string[]): Promise<Plan> => {
  const stages = await Promise.all(folders.map(openStage));
  const [first] = stages;
  if (!first || stages.length < 2)
    throw new ConfigError(`adapt compare: expected two runs at least as stages of learning, got ${stages.length}; name their folders`);
  const { model, knowledge } = first.result;
  const other = stages.find(({ result }) => result.model.sha256 !== model.sha256);
  if (other)
    throw new ConfigError(
      `${other.folder}: expected a run on ${model.name}, as the first is, got one on ${other.result.model.name} with other weights; a matrix is of one model that goes on learning`,
    );
  const facts = `facts ${await sha256OfFile(worldFactsPath)} seed ${first.seed}`;
  const tasks: Task[] = [
    { key: facts, stage: undefined, n: knowledge!.n, metric: knowledge!.metric },
    ...stages.map((stage) => ({ key: stage.heldOut, stage, n: stage.result.task!.n, metric: stage.result.task!.metric })),
  ];
  const models: Model[] = [
    { key: baseKey, name: 'the base model', adapter: undefined },
    ...stages.map(({ sha256, result, adapter }) => ({ key: sha256, name: result.name, adapter })),
  ];
  const cells: MatrixCells = new Map();
  for (const { result, sha256, seed, heldOut } of stages) {
    const began = result.from?.sha256 ?? baseKey;
    addCell(cells, { model: sha256, task: heldOut, score: result.task!.after.value });
    addCell(cells, { model: began, task: heldOut, score: result.task!.before.value });
    if (seed !== first.seed || result.knowledge!.n !== knowledge!.n || result.knowledge!.metric !== knowledge!.metric) continue;
    addCell(cells, { model: sha256, task: facts, score: result.knowledge!.after.value });
    addCell(cells, { model: began, task: facts, score: result.knowledge!.before.value });
  }
  for (const cell of await keptCells(first.folder)) addCell(cells, cell);
  return { stages, tasks, models, cells };
};

/** Tasks that a model was not asked yet, each once. */
const missingOf = ({ tasks, cells }: Plan, model: Model): Task[] => [
  ...new Map(tasks.filter(({ key }) => scoreIn(cells, model.key, key) === undefined).map((task) => [task.key, task])).values(),
];

/** The matrix of a plan; undefined where scores are missing. */
const matrixOf = (plan: Plan): LearningMatrix | undefined => {
  const { stages, tasks, models, cells } = plan;
  if (models.some((model) => missingOf(plan, model).length > 0)) return undefined;
  const [before, ...scores] = models.map((model) => tasks.map(({ key }) => scoreIn(cells, model.key, key)!)) as [number[], ...number[][]];
  const shown = tasks.map(({ stage, metric, n }) => ({
    name: stage?.result.name ?? 'world knowledge',
    metric,
    n,
    learntAt: stage ? stages.indexOf(stage) : ('before' as const),
  }));
  const names = stages.map(({ result }) => result.name);
  const summary = summariseMatrix({ tasks: shown.map(({ name }) => name), stages: names, scores, before, learntAt: shown.map(({ learntAt }) => learntAt) });
  return {
    tasks: shown,
    stages: names,
    scores,
    before,
    summary: { ...summary, changes: summary.changes.map((change) => change ?? null) },
    apart: stages.flatMap(({ result }, i) => (i > 0 && result.from?.sha256 !== stages[i - 1]!.sha256 ? [i] : [])),
  };
};

/** The matrix of runs, where all of it is known already. @throws as `measureMatrix` */
export const knownMatrix = async (folders: readonly string[]): Promise<LearningMatrix | undefined> => matrixOf(await planMatrix(folders));

/**
 * Takes runs on one model, in the order given, as stages of learning, and asks the model of each stage the held-out samples of all, and about the world: what learning one task after another did to each. Scores that stand in the
 * results of the runs are taken from there; others are kept in the folder of the first as they come, so that the same call goes on after it was cancelled or killed.
 *
 * @throws as `openStage`, `heldOutSamples` · ConfigError for fewer than two runs, or runs on different models · BusyError where another process works on the first run · the signal's reason
 */
export const measureMatrix = async (folders: readonly string[], options: MatrixOptions): Promise<LearningMatrix> => {
  const known = await planMatrix(folders);
  const found = matrixOf(known);
  if (found) return found;
  using _held = await holdRun(known.stages[0]!.folder);
  const plan = await planMatrix(folders); // another process may have measured meanwhile
  await askMissing(plan, options);
  return matrixOf(plan)!;
};

const askMissing = async (plan: Plan, { threads, signal, onProgress }: MatrixOptions): Promise<void> => {
  const { models, cells } = plan;
  const { folder, result, seed } = plan.stages[0]!;
  const { model } = await askedIn(folder);
  const base = await openBase(model, { threads });
  if (base.sha256 !== result.model.sha256)
    throw new ConfigError(`${model}: expected the model that ${folder} was trained on, got other weights; put that model back`);
  const missing = models.map((one) => ({ ...one, tasks: missingOf(plan, one) })).filter(({ tasks }) => tasks.length > 0);
  const samples = new Map<string, readonly Sample[]>();
  for (const { key, stage } of missing.flatMap(({ tasks }) => tasks)) if (stage && !samples.has(key)) samples.set(key, await heldOutSamples(base, stage));
  const total = missing.flatMap(({ tasks }) => tasks).reduce((sum, { n }) => sum + n, 0);
  const begun = performance.now();
  let asked = 0;
  for (const { key: by, name, adapter, tasks } of missing) {
    signal?.throwIfAborted();
    onProgress?.({ stage: `opening ${name}`, done: asked, total });
    await using opened = await openLanguageModelApart(model, { threads, ...(adapter !== undefined && { adapter }) }, signal ? { signal } : {});
    for (const { key, stage, n } of tasks) {
      const about = `asking ${name} ${stage ? `what ${stage.result.name} held out` : 'about the world'}`;
      const run = {
        ...(signal && { signal }),
        onProgress: (_: string, now: number) => {
          const done = asked + now;
          const perSecond = (1000 * done) / (performance.now() - begun);
          onProgress?.({ stage: about, done, total, perSecond, secondsLeft: (total - done) / perSecond });
        },
      };
      const held = samples.get(key);
      const items = held ? await askHeldOut(opened, held, run) : await askKnowledge(opened, seed, run);
      if (items.length !== n)
        throw new ConfigError(
          `${(stage ?? plan.stages[0]!).folder}: expected ${n} questions, as its result says, got ${items.length}; another version made that run: train it anew`,
        );
      addCell(cells, { model: by, task: key, score: meanOf(held ? taskMetric(held).name : 'accuracy')(items) });
      await keepCells(folder, cells);
      asked += n;
    }
  }
};
