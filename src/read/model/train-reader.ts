import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, inOrder, input, isParameter, type Node, nameOf } from '../../core/index.ts';
import { type AnnotatedDocument, evaluateScierc } from '../../evaluate/index.ts';
import { writeWhole } from '../../formats/index.ts';
import type { ActivationRange } from '../../nn/index.ts';
import { type Binding, type Engine, openEngine, type TensorData } from '../../runtime/index.ts';
import { epochBatches, openRun, type ParameterGroup, type Progress, type TrainResult, train, type Verdict } from '../../train/index.ts';
import { bestValues } from './best-values.ts';
import { findShifts, type Shifts, shifted, shiftedNames } from './calibrate.ts';
import { type Encoder, encoderValues, openEncoder, wordTable, wordTableBinding } from './encoder.ts';
import { goldRows, readGold } from './gold-rows.ts';
import { rowLength } from './grid.ts';
import { initialValues } from './initial-values.ts';
import { measureRanges } from './measure-ranges.ts';
import { predictionParameters, spanProgram } from './network/prediction-graph.ts';
import { trainingGraph } from './network/training-graph.ts';
import { openPredictor } from './predict.ts';
import { pretrainedWeights, readPretrained } from './pretrained-encoder.ts';
import { writeReader } from './reader-folder.ts';
import { trainingFeeds } from './training-batch.ts';
import { type Task, type TrainingConfig, type TrainingInput, trainingConfig } from './training-config.ts';
import { branchValues, isEncoder, isTrained, mergedValues, tuned } from './tuning.ts';

export interface TrainReaderOptions extends TrainingInput {
  /** Folder with `train.json` and `dev.json` (DyGIE JSON Lines). */
  readonly dataDir: string;
  /** Gets the run (`run.json`, `metrics.jsonl`, checkpoints) and, at the end, the reader. The same call resumes. */
  readonly outDir: string;
  /** Folder that `pretrainEncoder` wrote: the encoder begins with its values, not the package's. */
  readonly encoderDir?: string;
  readonly threads?: number;
  readonly device?: 'cpu' | 'webgpu';
  /** Compute in a process of its own (default true), so that signals and progress never wait. */
  readonly process?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  readonly onNote?: (message: string) => void;
}

export interface TrainReaderResult extends TrainResult {
  readonly outDir: string;
}

/**
 * Trains a reader on annotated documents and keeps the weights that do best on the dev split: largest sum of entity F1, relation F1 (stored order) and coreference F1 over
 * the tasks that are trained.
 *
 * @throws NotFoundError, FormatError for the data, ConfigError for options or a folder that holds another run
 */
export const trainReader = async ({
  dataDir,
  outDir,
  encoderDir,
  threads,
  device,
  process: apart = true,
  signal,
  onProgress,
  onNote,
  ...given
}: TrainReaderOptions): Promise<TrainReaderResult> => {
  const config = trainingConfig(given);
  const [encoder, gold, dev] = [await openEncoder(), await readGold(dataDir, 'train.json'), await readGold(dataDir, 'dev.json')];
  const pretrained = encoderDir === undefined ? undefined : await readPretrained(encoderDir, encoder, predictionParameters(encoder.config, config.reader));
  await using engine = await openEngine({ process: apart, ...(threads && { threads }), ...(device && { device }) });
  const data = { 'train.json': gold.sha256, 'dev.json': dev.sha256, ...(pretrained && { [pretrainedWeights]: pretrained.sha256 }) };
  await openRun(outDir, { kind: 'reader', config, data, seed: config.seed }, engine.info);
  const result = await run(engine, encoder, config, {
    gold: gold.documents,
    dev: dev.documents,
    start: pretrained?.values ?? {},
    outDir,
    signal,
    onProgress,
    onNote,
  });
  if (result.ended !== 'cancelled') {
    onNote?.('measuring the ranges of activations');
    const measure = (values: Readonly<Record<string, TensorData>>) => rangesOf(values, gold.documents, engine, encoder, config);
    await finishReader(outDir, { encoder, measure, ...(encoderDir !== undefined && { encoderDir }) });
  }
  return { ...result, outDir };
};

/**
 * Makes the reader of a run's best weights: `reader.json` and `reader.safetensors` in the run's folder. `trainReader` does it at the end; a run that is stopped early can be finished so.
 *
 * @param options.encoderDir  the folder that the run began from, where it did
 * @param options.measure     finds the ranges that int8 products are scaled by; without it the reader has none
 * @throws NotFoundError where no weights were kept yet · ConfigError where the run began from another encoder
 */
export const finishReader = async (
  outDir: string,
  {
    encoder,
    encoderDir,
    measure,
  }: {
    encoder?: Encoder;
    encoderDir?: string;
    measure?: (values: Readonly<Record<string, TensorData>>) => Promise<ReadonlyMap<string, ActivationRange>>;
  } = {},
): Promise<void> => {
  const { format: _, ...described } = JSON.parse(await readFile(join(outDir, 'run.json'), 'utf8')) as RunFile;
  const { values: best, epoch } = await bestValues(outDir);
  const calibration = await readFile(join(outDir, calibrationFile), 'utf8').then(
    (text) => JSON.parse(text) as { shifts: Shifts; dev: unknown },
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined; // a run that was stopped early has none
      throw error;
    },
  );
  const opened = encoder ?? (await openEncoder());
  const whole = predictionParameters(opened.config, described.config.reader).filter((node) => nameOf(node) !== wordTable);
  const start = encoderDir === undefined ? undefined : await readPretrained(encoderDir, opened, whole);
  if (described.data[pretrainedWeights] !== start?.sha256)
    throw new ConfigError(
      `${outDir}: expected the encoder that the run began from (${described.data[pretrainedWeights] ?? "the package's"}), got ${start?.sha256 ?? "the package's"}; give its folder`,
    );
  const values = mergedValues(calibration ? shifted(best, calibration.shifts) : best, {
    ...(await encoderValues(opened, whole)),
    ...start?.values,
    ...initialValues(headsOf(whole), described.config.seed),
  });
  const lines = (await readFile(join(outDir, 'metrics.jsonl'), 'utf8'))
    .split('\n')
    .flatMap((line) => (line.includes('"dev"') ? [JSON.parse(line) as { epoch: number; dev: unknown }] : []));
  const dev = lines.find((line) => line.epoch === epoch)?.dev;
  await writeReader(outDir, {
    encoder: opened,
    config: described.config.reader,
    values,
    ...(measure && { ranges: await measure(values) }),
    training: { ...described, epoch, dev: calibration?.dev ?? dev, ...(calibration && { shifts: calibration.shifts }) },
  });
};

const rangeDocuments = 150;

/** Ranges of activations over the first training documents, with the weights of a finished reader. */
const rangesOf = (
  values: Readonly<Record<string, TensorData>>,
  gold: readonly AnnotatedDocument[],
  engine: Engine,
  encoder: Encoder,
  { reader }: TrainingConfig,
): Promise<Map<string, ActivationRange>> => {
  const bindings = new Map<string, Binding>(Object.entries(values).map(([name, value]) => [name, { kind: 'constant', value }]));
  const table = predictionParameters(encoder.config, reader).find((node) => nameOf(node) === wordTable)!;
  bindings.set(wordTable, wordTableBinding(encoder, table));
  return measureRanges(gold.slice(0, rangeDocuments), { engine, encoder, config: reader, bindings });
};

interface RunFile {
  readonly format: number;
  readonly config: TrainingConfig;
  readonly data: Readonly<Record<string, string>>;
}

interface RunOptions {
  /** Values of the encoder that are not the package's. */
  readonly start: Readonly<Record<string, TensorData>>;
  readonly gold: readonly AnnotatedDocument[];
  readonly dev: readonly AnnotatedDocument[];
  readonly outDir: string;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((progress: Progress) => void) | undefined;
  readonly onNote: ((message: string) => void) | undefined;
}

// Typical lengths of a batch of four abstracts: what the order of computation is planned for.
export const typicalLengths = {
  batch: 4,
  seq: 160,
  wordBlocks: 65,
  sentences: 21,
  sentenceSpans: 300,
  sentenceBeam: 20,
  sentenceSlots: 200,
  documents: 4,
  documentSpans: 1000,
  documentBeam: 40,
  documentSlots: 154,
  relationTiles: 177,
  corefTiles: 247,
  candidates: 39,
  gold: 37,
};

const run = async (
  engine: Engine,
  encoder: Encoder,
  config: TrainingConfig,
  { start, gold, dev, outDir, signal, onProgress, onNote }: RunOptions,
): Promise<TrainResult> => {
  const rows = goldRows(gold, encoder.tokenizer, config.reader.window);
  const lengths = rows.map(rowLength);
  const { objective, trained, bindings, initial } = await prepare(encoder, config, start);
  const { seed, epochs, batch, average, evaluateEvery, patience } = config;

  let residentOf = (name: string): string => name;
  const program = spanProgram(encoder.config, config.reader);
  const names = Object.keys(program.outputs);
  const roots = tuned(Object.values(program.outputs), config);
  await using predictor = await openPredictor({
    engine,
    encoder,
    config: config.reader,
    bindings,
    residentOf: (name) => residentOf(name),
    spans: { ...program, outputs: Object.fromEntries(names.map((name, i) => [name, roots[i]!])) },
  });
  const judge = async (held: (name: string) => string): Promise<Verdict> => {
    const biases = shiftedNames.filter((name) => bindings.get(name)?.kind === 'trainable');
    const values = await engine.get(biases.map(held));
    const looks: Readonly<Record<string, number>>[] = [];
    for (const shift of shiftedTasks(config) ? judgedShifts : [0]) {
      const moved = shifted(Object.fromEntries(biases.map((name) => [name, values[held(name)]!])), { relation: shift, coreference: shift });
      await engine.put(Object.fromEntries(biases.map((name) => [judged(name), moved[name]!])));
      residentOf = (name) => (biases.includes(name) ? judged(name) : held(name));
      looks.push(evaluateScierc(dev, await predictor.predict(dev)).metrics);
    }
    await engine.drop(biases.map(judged));
    return verdictOf(looks, config.tasks);
  };
  const result = await train({
    engine,
    folder: outDir,
    name: 'reader',
    objective,
    groups: groupsOf(trained, config),
    adamw: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, clipNorm: config.clipNorm },
    schedule: { kind: config.schedule, warmup: config.warmup },
    frozen: new Map([...bindings].filter(([, { kind }]) => kind !== 'trainable')),
    initial: async () => initial,
    epochs,
    seed,
    batches: (epoch) => epochBatches(lengths, { seed, epoch, batch }),
    feeds: (chosen) => [
      {
        ...trainingFeeds(
          chosen.map((i) => rows[i]!),
          config.reader,
          encoder.special,
        ),
        lossScale: { dtype: 'float32', shape: [], data: Float32Array.of(1 / chosen.length) },
      },
    ],
    ...(average && { average }),
    evaluation: { after: (epoch) => epoch % evaluateEvery === 0 || epoch === epochs, judge, ...(patience && { patience }) },
    lengths: typicalLengths,
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
    ...(onNote && { onNote }),
  });
  if (result.ended !== 'cancelled' && shiftedTasks(config)) {
    onNote?.('calibrating on the dev split');
    await calibrate(engine, outDir, async (held) => {
      residentOf = held;
      return evaluateScierc(dev, await predictor.predict(dev)).metrics;
    });
  }
  return result;
};

/** Writes `calibration.json` beside the best weights: what `finishReader` adds to their scores, and the dev figures then. */
const calibrate = async (
  engine: Engine,
  outDir: string,
  measure: (held: (name: string) => string) => Promise<Readonly<Record<string, number>>>,
): Promise<void> => {
  const best = await bestValues(outDir);
  const own = (name: string): string => `calibrate:${name}`;
  const put = (values: Readonly<Record<string, TensorData>>) =>
    engine.put(Object.fromEntries(Object.entries(values).map(([name, value]) => [own(name), value])));
  await put(best.values);
  const under = async (shifts: Shifts) => {
    const moved = shifted(best.values, shifts);
    await put(Object.fromEntries(shiftedNames.filter((name) => name in moved).map((name) => [name, moved[name]!])));
    return measure(own);
  };
  const shifts = await findShifts(async (tried) => {
    const metrics = await under(tried);
    return { relation: metrics[scored.relation]!, coreference: metrics[scored.coreference]! };
  });
  const dev = shownMetrics(await under(shifts));
  await engine.drop(Object.keys(best.values).map(own));
  await writeWhole(join(outDir, calibrationFile), [Buffer.from(`${JSON.stringify({ format: 1, shifts, dev }, null, 2)}\n`)]);
};

/** The loss, what is trained of it, and what every parameter is bound to. Heads of a task that is left out keep their first values. */
const prepare = async (encoder: Encoder, config: TrainingConfig, start: Readonly<Record<string, TensorData>>) => {
  const graph = trainingGraph(encoder.config, config.reader, config.weights, config.dropout, { maskId: encoder.special.mask });
  const names = Object.keys(graph.parts);
  const [loss, ...parts] = tuned([graph.loss, ...Object.values(graph.parts)], config, { rate: config.dropout.encoder, key: input('key', [1], 'uint32') });
  const parameters = inOrder([loss!]).filter(isParameter);
  const table = parameters.find((node) => nameOf(node) === wordTable)!;
  const trained = parameters.filter((node) => node !== table && isTrained(nameOf(node), config));
  const whole = predictionParameters(encoder.config, config.reader).filter((node) => nameOf(node) !== wordTable);
  const initial: Record<string, TensorData> = {
    ...(await encoderValues(encoder, whole)),
    ...start,
    ...initialValues(headsOf(whole), config.seed),
    ...branchValues([loss!], config.seed),
  };
  const bindings = new Map<string, Binding>(Object.entries(initial).map(([name, value]) => [name, { kind: 'constant', value }]));
  bindings.set(wordTable, wordTableBinding(encoder, table));
  for (const node of trained) bindings.set(nameOf(node), { kind: 'trainable' });
  return { objective: { loss: loss!, metrics: Object.fromEntries(names.map((name, i) => [name, parts[i]!])) }, trained, bindings, initial };
};

const headsOf = (parameters: readonly Node[]): Node[] => parameters.filter((node) => !isEncoder(nameOf(node)));

/** Encoder and heads have learning rates of their own; vectors do not decay. */
export const groupsOf = (
  trained: readonly Node[],
  { encoderRate, headRate, weightDecay }: Pick<TrainingConfig, 'encoderRate' | 'headRate' | 'weightDecay'>,
): ParameterGroup[] =>
  [
    { part: 'encoder', learningRate: encoderRate, own: (node: Node) => isEncoder(nameOf(node)) },
    { part: 'heads', learningRate: headRate, own: (node: Node) => !isEncoder(nameOf(node)) },
  ]
    .flatMap(({ part, learningRate, own }) => [
      { name: part, parameters: trained.filter((node) => own(node) && node.shape.length > 1), learningRate, weightDecay },
      { name: `${part}-vectors`, parameters: trained.filter((node) => own(node) && node.shape.length <= 1), learningRate, weightDecay: 0 },
    ])
    .filter(({ parameters }) => parameters.length > 0);

// A look at the dev split tries a few of the shifts that `calibrate` chooses among in the end: without, weights that speak up early would be kept.
const judgedShifts = [0, 1, 2];
const judged = (name: string): string => `judged:${name}`;
/** Whether a task is trained whose scores are shifted. */
const shiftedTasks = ({ tasks }: TrainingConfig): boolean => tasks.some((task) => task !== 'entity');
const calibrationFile = 'calibration.json';
const scored: Readonly<Record<Task, string>> = { entity: 'entity-f1', relation: 'relation-f1', coreference: 'coreference-f1' };

/** Sum of the F1 of the tasks, in points, each under the shift that suits it best. */
const verdictOf = (looks: readonly Readonly<Record<string, number>>[], wanted: readonly Task[]): Verdict => {
  const best = (name: string): Readonly<Record<string, number>> => looks.reduce((a, b) => (b[name]! > a[name]! ? b : a));
  const ofRelations = best(scored.relation);
  const metrics = shownMetrics({
    ...looks[0]!,
    ...pick(ofRelations, ['relation-f1', 'relation-strict-f1']),
    [scored.coreference]: best(scored.coreference)[scored.coreference]!,
  });
  return { score: wanted.reduce((sum, task) => sum + metrics[scored[task]]!, 0), metrics };
};

const pick = (metrics: Readonly<Record<string, number>>, names: readonly string[]) => Object.fromEntries(names.map((name) => [name, metrics[name]!]));

/** In points, two decimals. */
const shownMetrics = (metrics: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(
    ['entity-f1', 'relation-f1', 'relation-strict-f1', 'coreference-f1', 'span-f1'].map((name) => [name, Math.round(metrics[name]! * 1e4) / 100]),
  );
