import type { Sample } from '../../adapt/index.ts';
import { ConfigError } from '../../core/index.ts';
import { bootstrapMatrix, summariseMatrix, worldFactsPath } from '../../evaluate/index.ts';
import { sha256OfFile } from '../../formats/index.ts';
import type { LearningMatrix } from '../../report/index.ts';
import { openBase } from '../language-model/open-base.ts';
import { openLanguageModelApart } from '../language-model/open-language-model-apart.ts';
import type { WeightMode } from '../language-model/weights.ts';
import type { AdaptProgress } from './adapt-options.ts';
import { holdRun } from './hold-run.ts';
import { type Measured, readMeasured } from './kept-measured.ts';
import { addCell, itemsIn, keepCells, keptCells, type MatrixCells } from './matrix-cells.ts';
import { askedIn, heldOutSamples, type MatrixStage, openStage } from './matrix-stage.ts';
import { askHeldOut, askKnowledge, metricSaid } from './measure-model.ts';

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
  /** As a person says it. */
  readonly metric: string;
  /** The figure of an item. */
  readonly figure: string;
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
  /** How the weights of all models are held; undefined until the first of them is opened. */
  readonly weights: WeightMode | undefined;
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
    { key: facts, stage: undefined, n: knowledge!.n, metric: knowledge!.metric, figure: 'accuracy' },
    ...stages.map((stage) => ({ key: stage.heldOut, stage, n: stage.result.task!.n, metric: stage.result.task!.metric, figure: figureOf(stage) })),
  ];
  const models: Model[] = [
    { key: baseKey, name: 'the base model', adapter: undefined },
    ...stages.map(({ sha256, result, adapter }) => ({ key: sha256, name: result.name, adapter })),
  ];
  const cells: MatrixCells = new Map();
  const measured = await Promise.all(stages.map(({ folder, result }) => readMeasured(folder, result)));
  for (const [i, { result, sha256, seed, heldOut }] of stages.entries())
    for (const [model, of] of [
      [result.from?.sha256 ?? baseKey, measured[i]!.before],
      [sha256, measured[i]!.after],
    ] as const) {
      if (!of) continue;
      const put = (task: string, figure: string, items: Measured['task'], n: number): void => {
        if (items.length === n) addCell(cells, { model, task, weights: of.weights, items: items.map(({ values }) => values[figure]!) });
      };
      put(heldOut, figureOf(stages[i]!), of.task, result.task!.n);
      if (seed === first.seed && result.knowledge!.metric === knowledge!.metric) put(facts, 'accuracy', of.knowledge, knowledge!.n);
    }
  const kept = await keptCells(first.folder);
  for (const cell of kept) addCell(cells, cell);
  const weights = measured.flatMap(({ before, after }) => [before, after]).find((one) => one)?.weights ?? kept[0]?.weights;
  return { stages, tasks, models, cells, weights };
};

/** The figure by which the items of a stage are scored. @throws ConfigError where another version scored them */
const figureOf = ({ folder, result }: MatrixStage): string => {
  const metric = metricSaid(result.task!.metric);
  if (!metric)
    throw new ConfigError(
      `${folder}: expected a task scored by a figure that is known, got ${result.task!.metric}; another version made that run: train it anew`,
    );
  return metric.name;
};

/** Tasks that a model was not asked yet, each once. */
const missingOf = ({ tasks, cells, weights }: Plan, model: Model): Task[] => [
  ...new Map(
    tasks.filter(({ key }) => weights === undefined || !itemsIn(cells, { model: model.key, task: key, weights })).map((task) => [task.key, task]),
  ).values(),
];

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** The matrix of a plan; undefined where scores are missing. */
const matrixOf = (plan: Plan): LearningMatrix | undefined => {
  const { stages, tasks, models, cells, weights } = plan;
  if (weights === undefined || models.some((model) => missingOf(plan, model).length > 0)) return undefined;
  const items = models.map((model) => tasks.map(({ key }) => itemsIn(cells, { model: model.key, task: key, weights })!));
  const [before, ...scores] = items.map((row) => row.map(mean)) as [number[], ...number[][]];
  const shown = tasks.map(({ stage, metric, n }) => ({
    name: stage?.result.name ?? 'world knowledge',
    metric,
    n,
    learntAt: stage ? stages.indexOf(stage) : ('before' as const),
  }));
  const [names, titles, learntAt] = [stages.map(({ result }) => result.name), shown.map(({ name }) => name), shown.map(({ learntAt }) => learntAt)];
  const summary = summariseMatrix({ tasks: titles, stages: names, scores, before, learntAt });
  const alike = tasks.map(({ key }) => tasks.findIndex((task) => task.key === key));
  return {
    tasks: shown,
    stages: names,
    scores,
    before,
    summary: { ...summary, changes: summary.changes.map((change) => change ?? null) },
    intervals: bootstrapMatrix({ tasks: titles, stages: names, learntAt, items, alike }),
    askedWith: weights,
    apart: stages.flatMap(({ result }, i) => (i > 0 && result.from?.sha256 !== stages[i - 1]!.sha256 ? [i] : [])),
  };
};

/** The matrix of runs, where all of it is known already. @throws as `measureMatrix` */
export const knownMatrix = async (folders: readonly string[]): Promise<LearningMatrix | undefined> => matrixOf(await planMatrix(folders));

/**
 * Takes runs on one model, in the order given, as stages of learning, and asks the model of each stage the held-out samples of all, and about the world: what learning one task after another did to each. What the
 * runs measured themselves, with weights held alike, is taken from there; others are kept in the folder of the first as they come, so that the same call goes on after it was cancelled or killed.
 *
 * @throws as `openStage`, `heldOutSamples` · ConfigError for fewer than two runs, or runs on different models · BusyError where another process works on the first run · the signal's reason
 */
export const measureMatrix = async (folders: readonly string[], options: MatrixOptions): Promise<LearningMatrix> => {
  const known = await planMatrix(folders);
  const found = matrixOf(known);
  if (found) return found;
  using _held = await holdRun(known.stages[0]!.folder);
  const plan = await planMatrix(folders); // another process may have measured meanwhile
  return matrixOf({ ...plan, weights: await askMissing(plan, options) })!;
};

/** Asks what is missing; answers how weights were held. */
const askMissing = async (plan: Plan, { threads, signal, onProgress }: MatrixOptions): Promise<WeightMode> => {
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
  let { weights } = plan;
  for (const { key: by, name, adapter, tasks } of missing) {
    signal?.throwIfAborted();
    onProgress?.({ stage: `opening ${name}`, done: asked, total });
    const how = { threads, ...(adapter !== undefined && { adapter }), ...(weights && { weights }) };
    await using opened = await openLanguageModelApart(model, how, signal ? { signal } : {});
    weights = opened.info.weights;
    for (const { key, stage, n, figure } of tasks) {
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
      addCell(cells, { model: by, task: key, weights, items: items.map(({ values }) => values[figure]!) });
      await keepCells(folder, cells);
      asked += n;
    }
  }
  return weights!;
};
