import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, nameOf } from '../../core/index.ts';
import type { AnnotatedDocument } from '../../evaluate/index.ts';
import type { ActivationRange } from '../../nn/index.ts';
import type { Binding, Engine, TensorData } from '../../runtime/index.ts';
import { bestValues } from './best-values.ts';
import { type Shifts, shifted } from './calibrate.ts';
import { type Encoder, encoderValues, openEncoder, wordTable, wordTableBinding } from './encoder.ts';
import { initialValues } from './initial-values.ts';
import { calibrationFile } from './judge-reader.ts';
import { measureRanges } from './measure-ranges.ts';
import { predictionParameters } from './network/prediction-graph.ts';
import { pretrainedWeights, readPretrained } from './pretrained-encoder.ts';
import { writeReader } from './reader-folder.ts';
import type { TrainingConfig } from './training-config.ts';
import { headsOf, mergedValues } from './tuning.ts';

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
export const rangesOf = (
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
