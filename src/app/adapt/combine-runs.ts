import { mkdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import {
  arrowOf,
  type BaseModel,
  expertUse,
  type FinishedAdapter,
  type LoraOptions,
  lora,
  type Method,
  parametersOn,
  recipeOf,
  saveAdapter,
  tokenise,
} from '../../adapt/index.ts';
import { ConfigError, nameOf } from '../../core/index.ts';
import { meanOf } from '../../evaluate/index.ts';
import { writeWhole } from '../../formats/index.ts';
import { type AdaptResult, adaptReport, parseAdaptResult } from '../../report/index.ts';
import { openEngine } from '../../runtime/index.ts';
import { openRun } from '../../train/index.ts';
import { openBase } from '../language-model/open-base.ts';
import { exactIn32Bits } from '../language-model/weights.ts';
import { findFacts } from './adapt-data.ts';
import type { AdaptProgress } from './adapt-options.ts';
import { combinedData, kindNumbers } from './combined-data.ts';
import { combinedName } from './combined-name.ts';
import { holdRun } from './hold-run.ts';
import type { Measured } from './kept-measured.ts';
import { askedIn, type MatrixStage, openStage, replayedSamples, stageSamples } from './matrix-stage.ts';
import { measureModel, metricSaid } from './measure-model.ts';
import { type Origin, openOrigin } from './origin.ts';
import { runResult } from './run-result.ts';

export interface CombineOptions {
  /** Of the run; default: by the names of the runs below `runsDir`. */
  readonly output?: string;
  readonly runsDir: string;
  /** Adapters that serve a token. Default 3, or all where there are fewer. */
  readonly topK?: number;
  /** Of the choice between them: the higher, the evener. Default 1. */
  readonly temperature?: number;
  readonly threads: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: AdaptProgress) => void;
  readonly onNote?: (message: string) => void;
}

/** What became of the task of one of the runs. */
export interface CombinedTask {
  readonly run: string;
  readonly n: number;
  /** Of the base model, of the run's own adapter as its result has it, and of the mixture. */
  readonly before: number;
  readonly own: number;
  readonly after: number;
}

export interface CombineOutcome {
  readonly folder: string;
  readonly result: AdaptResult;
  readonly tasks: readonly CombinedTask[];
}

/**
 * Mixes the adapters of finished LoRA runs on one model, token by token and without training (`arrow`), and ends as a run does: the mixture is asked what each of them held out, and about the world, before and after, with a report and an adapter that is used as any other. The same call goes on after it was cancelled.
 *
 * @throws NotFoundError where a run is not over, or its samples are gone · ConfigError for one of another model, method or measure, and as `arrowOf` · BusyError · CancelledError, the signal's reason
 */
export const combineRuns = async (folders: readonly string[], options: CombineOptions): Promise<CombineOutcome> => {
  const { output, runsDir, topK, temperature, threads, signal, onProgress, onNote } = options;
  if (folders.length < 2) throw new ConfigError(`adapt combine: expected two runs at least to mix, got ${folders.length}; name their folders`);
  const stage = (name: string, done = 0, total = 0): void => onProgress?.({ stage: name, done, total });
  stage('opening the model');
  const stages = await Promise.all(folders.map(openStage));
  const [first] = stages as [MatrixStage, ...MatrixStage[]];
  const { model } = await askedIn(first.folder);
  const base = await openBase(model, { threads });
  const origins = await Promise.all(folders.map((folder) => openOrigin(folder, base)));
  const method = mixtureOf(base, origins, { ...(topK !== undefined && { topK }), ...(temperature !== undefined && { temperature }) });
  const seed = first.seed;
  const samples = await Promise.all(
    stages.map(async (own) => ({ name: basename(resolve(own.folder)), learnt: own.result.data.samples, split: await stageSamples(base, own) })),
  );
  sameMeasure(stages);
  const replayed = await Promise.all(stages.map(replayedSamples));
  const told = await findFacts([...samples.flatMap(({ split }) => split.training), ...replayed.flat()], seed);
  const data = { ...combinedData(samples), contaminatedFacts: told };
  onNote?.(
    `${origins.length} adapters, of which ${Math.min(origins.length, topK ?? 3)} serve a token; ${data.heldOut.length} held-out samples; nothing is trained`,
  );
  const folder = resolve(output ?? join(runsDir, combinedName(folders)));
  await mkdir(folder, { recursive: true });
  using _held = await holdRun(folder);
  await using engine = await openEngine({ process: true, threads, cacheBytes: 1, ...(signal && { signal }) });
  const hashes = Object.fromEntries(origins.map(({ name, sha256 }) => [name, sha256]));
  const described = { method: { kind: method.kind, options: method.options }, model: base.name };
  await openRun(folder, { kind: 'adapt', config: described, data: { ...hashes, model: base.sha256 }, seed }, engine.info);

  stage('mixing the adapters');
  const parameters = parametersOn(base.source, method);
  const values = new Map<string, Float32Array>();
  for (const node of parameters) values.set(nameOf(node), await method.start(node, seed, () => Promise.reject(new Error('internal: nothing of the base'))));
  const adapter = join(folder, 'adapter');
  await saveAdapter(adapter, { method, values, source: base.source, base: { name: base.name, sha256: base.sha256 }, training: { runs: hashes } });

  const started = performance.now();
  const measure = {
    model,
    heldOut: data.heldOut,
    threads,
    seed,
    ...(signal && { signal }),
    onProgress: stage,
  };
  const before = await measureModel(join(folder, 'before.json'), measure);
  const after = await measureModel(join(folder, 'after.json'), { ...measure, adapter, weights: before.weights });
  const plain = recipeOf({ method: 'lora', replay: 0, seed }, { exactBytes: exactIn32Bits(), model: base.source.member.config });
  const recipe = { ...plain, method };
  stage('looking at what each token took');
  const { texts } = await tokenise(data.heldOut, { ...base, length: recipe.length, kinds: kindNumbers(data.kinds) });
  const experts = await expertUse({ base, engine, recipe, texts, values });
  const result = runResult({
    name: basename(folder),
    path: [...new Set(stages.map(({ result: { data } }) => data.path))].join(', '),
    base,
    recipe,
    origin: undefined,
    data,
    kept: undefined,
    trainable: 0,
    tokens: 0,
    seconds: 0,
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    price: { seconds: (performance.now() - started) / 1000, bytes: 0 },
    loss: [],
    heldOutLoss: undefined,
    before,
    after,
    experts,
    balance: undefined,
  });
  parseAdaptResult(JSON.parse(JSON.stringify(result)) as never);
  await writeWhole(join(folder, 'result.json'), [Buffer.from(`${JSON.stringify(result, null, 2)}\n`)]);
  await writeWhole(join(folder, 'report.html'), [Buffer.from(await adaptReport(result))]);
  const figure = meanOf(metricSaid(result.task!.metric)!.name);
  const tasks = stages.map(({ result: of }, i): CombinedTask => {
    const run = samples[i]!.name;
    const [was, is] = [itemsOf(before, run), itemsOf(after, run)];
    return { run, n: was.length, before: figure(was), own: of.task!.after.value, after: figure(is) };
  });
  return { folder, result, tasks };
};

const itemsOf = ({ task }: Measured, run: string) => task.filter(({ group }) => group === run);

/** @throws ConfigError where a run trained something else than plain low-rank branches */
const mixtureOf = ({ source }: BaseModel, origins: readonly Origin[], options: Parameters<typeof arrowOf>[1]): Method => {
  const adapters = origins.map(({ path, name, method, values }): FinishedAdapter => {
    const options = loraOptions(method);
    if (!options) throw new ConfigError(`${path}: expected a run of lora to mix, got one of ${method.kind}; train it with --method lora, or leave it out`);
    const { rank, alpha, scaling } = lora(options).options;
    const shapes = new Map(parametersOn(source, method).map((node) => [nameOf(node), node.shape as readonly number[]]));
    return {
      name,
      scale: scaling === 'rslora' ? alpha / Math.sqrt(rank) : alpha / rank,
      values: new Map([...values].map(([parameter, data]) => [parameter, { shape: shapes.get(parameter)!, data: data as Float32Array }])),
    };
  });
  return arrowOf(adapters, options);
};

/** Options of a LoRA, on all blocks or on some. */
const loraOptions = ({ kind, options }: Method): LoraOptions | undefined => {
  if (kind === 'lora') return options as LoraOptions;
  return kind === 'localised' && options['method'] === 'lora' ? (options['of'] as LoraOptions) : undefined;
};

/** @throws ConfigError where runs are scored by different figures: no mean tells anything of those */
const sameMeasure = (stages: readonly MatrixStage[]): void => {
  const [first] = stages as [MatrixStage];
  const other = stages.find(({ result }) => result.task!.metric !== first.result.task!.metric);
  if (other)
    throw new ConfigError(
      `${other.folder}: expected a run scored by ${first.result.task!.metric}, as ${first.folder} is, got ${other.result.task!.metric}; mix runs whose answers are alike, or use each for itself`,
    );
};
