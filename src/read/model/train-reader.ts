import { inOrder, input, isParameter, nameOf } from '../../core/index.ts';
import { type AnnotatedDocument, evaluateScierc } from '../../evaluate/index.ts';
import { type Binding, type Engine, openEngine, type TensorData } from '../../runtime/index.ts';
import { epochBatches, openRun, type TrainResult, train } from '../../train/index.ts';
import { type Encoder, encoderValues, openEncoder, wordTable, wordTableBinding } from './encoder.ts';
import { finishReader, rangesOf } from './finish-reader.ts';
import { goldRows, readGold } from './gold-rows.ts';
import { rowLength } from './grid.ts';
import { initialValues } from './initial-values.ts';
import { calibrate, type Measure, openJudge, shiftedTasks } from './judge-reader.ts';
import { predictionParameters, spanProgram } from './network/prediction-graph.ts';
import { trainingGraph } from './network/training-graph.ts';
import { groupsOf } from './parameter-groups.ts';
import { openPredictor } from './predict.ts';
import { pretrainedWeights, readPretrained } from './pretrained-encoder.ts';
import type { RunOptions } from './run-options.ts';
import { trainingFeeds } from './training-batch.ts';
import { type TrainingConfig, type TrainingInput, trainingConfig } from './training-config.ts';
import { branchValues, headsOf, isTrained, tuned } from './tuning.ts';

export interface TrainReaderOptions extends TrainingInput, RunOptions {
  /** Folder with `train.json` and `dev.json` (DyGIE JSON Lines). */
  readonly dataDir: string;
  /** Gets the run (`run.json`, `metrics.jsonl`, checkpoints) and, at the end, the reader. The same call resumes. */
  readonly outDir: string;
  /** Folder that `pretrainEncoder` wrote: the encoder begins with its values, not the package's. */
  readonly encoderDir?: string;
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
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
    ...(onNote && { onNote }),
  });
  if (result.ended !== 'cancelled') {
    onNote?.('measuring the ranges of activations');
    const measure = (values: Readonly<Record<string, TensorData>>) => rangesOf(values, gold.documents, engine, encoder, config);
    await finishReader(outDir, { encoder, measure, ...(encoderDir !== undefined && { encoderDir }) });
  }
  return { ...result, outDir };
};

interface ReaderRun extends Pick<RunOptions, 'signal' | 'onProgress' | 'onNote'> {
  /** Values of the encoder that are not the package's. */
  readonly start: Readonly<Record<string, TensorData>>;
  readonly gold: readonly AnnotatedDocument[];
  readonly dev: readonly AnnotatedDocument[];
  readonly outDir: string;
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
  { start, gold, dev, outDir, signal, onProgress, onNote }: ReaderRun,
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
  const measure: Measure = async (held) => {
    residentOf = held;
    return evaluateScierc(dev, await predictor.predict(dev)).metrics;
  };
  const judge = openJudge(engine, config, (name) => bindings.get(name)?.kind === 'trainable', measure);
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
  if (result.ended !== 'cancelled' && shiftedTasks(config.tasks)) {
    onNote?.('calibrating on the dev split');
    await calibrate(engine, outDir, measure);
  }
  return result;
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
