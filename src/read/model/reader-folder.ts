import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { FormatError, NotFoundError } from '../../core/index.ts';
import { openSafetensors, readAsFloat32, writeSafetensors, writeWhole } from '../../formats/index.ts';
import type { ActivationRange } from '../../nn/index.ts';
import type { TensorData } from '../../runtime/index.ts';
import { sha256Of } from '../../train/index.ts';
import { applyDelta, deltaOf } from './delta.ts';
import { type Encoder, encoderPackage, encoderValues, wordTable } from './encoder.ts';
import { entityTypes, relationTypes } from './labels.ts';
import { predictionParameters } from './network/prediction-graph.ts';
import { type ReaderConfig, readerConfig } from './reader-config.ts';

const formatVersion = 1;
const configFile = 'reader.json';
const weightsFile = 'reader.safetensors';
/** The reader that is used where none is named. */
export const defaultReaderName = 'scierc';

const schema = z.strictObject({
  format: z.literal(formatVersion),
  /** The encoder's package holds the word table and the values that ours are differences to. */
  encoder: z.strictObject({ package: z.string().min(1), sha256: z.string().length(64) }),
  config: z.unknown(),
  entityTypes: z.tuple(entityTypes.map((name) => z.literal(name)) as never),
  relationTypes: z.tuple(relationTypes.map((name) => z.literal(name)) as never),
  weights: z.strictObject({ file: z.literal(weightsFile), sha256: z.string().length(64) }),
  /** Whether the weights' file holds the ranges of activations. */
  ranges: z.boolean().default(false),
  /** How it came to be: for people, not for programs. */
  training: z.unknown(),
});

export interface ReaderDescription {
  readonly name: string;
  readonly folder: string;
  readonly config: ReaderConfig;
  readonly encoderSha256: string;
  /** Of `reader.safetensors`. */
  readonly sha256: string;
  /** Whether it brings the ranges of its activations. */
  readonly ranges: boolean;
}

const modelsFolder = fileURLToPath(new URL('../../../models', import.meta.url));

/** Names of the readers that ship with the package, sorted. */
export const shippedReaders = async (): Promise<string[]> => {
  const entries = await readdir(modelsFolder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const named = await Promise.all(
    entries.map(async (entry) => (entry.isDirectory() && (await readdir(join(modelsFolder, entry.name))).includes(configFile) ? [entry.name] : [])),
  );
  return named.flat().sort();
};

/**
 * Reads what a reader's folder says of itself.
 *
 * @param reader  name of a shipped reader, or a folder
 * @throws NotFoundError where there is none · FormatError for a file of another format
 */
export const describeFolder = async (reader: string = defaultReaderName): Promise<ReaderDescription> => {
  const shipped = (await shippedReaders()).includes(reader);
  const folder = shipped ? join(modelsFolder, reader) : reader;
  const path = join(folder, configFile);
  const text = await readFile(path, 'utf8').catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
    throw new NotFoundError(
      `reader ${reader}: expected the name of a shipped reader (${(await shippedReaders()).join(', ') || 'none here'}) or a folder with ${configFile}, got neither; see \`lyceum read train --help\``,
    );
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new FormatError(`${path}: expected JSON, got ${JSON.stringify(text.slice(0, 40))}; the file is damaged`, { cause });
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    const { path: at, message } = parsed.error.issues[0]!;
    throw new FormatError(
      `${path}: ${at.join('.') || 'document'}: expected a reader of format ${formatVersion}, got: ${message}; another version of Lyceum wrote it`,
    );
  }
  const { config, encoder, weights, ranges } = parsed.data;
  if (encoder.package !== encoderPackage)
    throw new FormatError(`${path}: expected the encoder ${encoderPackage}, got ${encoder.package}; this version knows no other`);
  return {
    name: shipped ? reader : basename(folder),
    folder,
    config: readerConfig(config, path),
    encoderSha256: encoder.sha256,
    sha256: weights.sha256,
    ranges,
  };
};

/**
 * Writes a reader: `reader.json` and `reader.safetensors`. Of the encoder only differences to the package's weights are stored, 8 bits each with a scale per row; matrices of the heads
 * in float16, vectors in float32. The word table is the package's own.
 *
 * @param values    of every parameter but the word table, float32
 * @param ranges    what int8 products are scaled by (`measureRanges`); without them a reader finds its scales while it reads, slower
 * @param training  what `reader.json` tells of the training
 */
export const writeReader = async (
  folder: string,
  {
    encoder,
    config,
    values,
    ranges = new Map(),
    training,
  }: {
    encoder: Encoder;
    config: ReaderConfig;
    values: Readonly<Record<string, TensorData>>;
    ranges?: ReadonlyMap<string, ActivationRange>;
    training: unknown;
  },
): Promise<void> => {
  const parameters = predictionParameters(encoder.config, config);
  const base = await encoderValues(encoder, parameters);
  const stored: Record<string, TensorData> = {};
  for (const name of parameters.map((node) => node.attrs.name)) {
    if (name === wordTable) continue;
    const value = values[name];
    if (!value) throw new NotFoundError(`reader ${folder}: expected values of ${name}, got none; they belong to another model`);
    const from = base[name];
    if (value.shape.length < 2) stored[name] = value;
    else if (from) {
      const { delta, scale } = deltaOf(value, from);
      stored[`${name}.delta`] = delta;
      stored[`${name}.scale`] = scale;
    } else stored[name] = { dtype: 'float16', shape: value.shape, data: new Uint16Array(Float16Array.from(value.data as Float32Array).buffer) };
  }
  for (const [site, range] of ranges)
    for (const end of rangeEnds) stored[rangeName(site, end)] = { dtype: 'float32', shape: [range[end].length], data: range[end] };
  await writeSafetensors(join(folder, weightsFile), stored, { format: String(formatVersion) });
  const json = {
    format: formatVersion,
    encoder: { package: encoderPackage, sha256: await sha256Of(encoder.weights.path) },
    config,
    entityTypes,
    relationTypes,
    weights: { file: weightsFile, sha256: await sha256Of(join(folder, weightsFile)) },
    ranges: ranges.size > 0,
    training,
  };
  await writeWhole(join(folder, configFile), [new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`)]);
};

const rangeEnds = ['high', 'low'] as const;
const rangeName = (site: string, end: 'high' | 'low'): string => `range.${site}.${end}`;

/** Ranges that `writeReader` stored, by site; none for a reader that was written without. The file is the one that `readReaderValues` checked. */
export const readReaderRanges = async ({ folder }: ReaderDescription): Promise<Map<string, ActivationRange>> => {
  const file = await openSafetensors(join(folder, weightsFile));
  const ranges = new Map<string, ActivationRange>();
  for (const site of [...file.tensors.keys()].flatMap((name) => /^range\.(.+)\.high$/.exec(name)?.[1] ?? [])) {
    const [high, low] = [
      await readAsFloat32(file, rangeName(site, 'high'), { checkFinite: true }),
      await readAsFloat32(file, rangeName(site, 'low'), { checkFinite: true }),
    ];
    ranges.set(site, { high: high.data as Float32Array, low: low.data as Float32Array });
  }
  return ranges;
};

/**
 * Values of every parameter of a reader but the word table, float32.
 *
 * @throws FormatError where the weights are not those of `reader.json`, or the encoder is not the one they are differences to
 */
export const readReaderValues = async ({ folder, config, sha256, encoderSha256 }: ReaderDescription, encoder: Encoder): Promise<Record<string, TensorData>> => {
  const path = join(folder, weightsFile);
  for (const [file, expected, whose] of [
    [path, sha256, 'the reader'],
    [encoder.weights.path, encoderSha256, 'the encoder'],
  ] as const) {
    const found = await sha256Of(file);
    if (found !== expected)
      throw new FormatError(`${file}: expected the weights of ${whose} with SHA-256 ${expected}, got ${found}; install again, or train again`);
  }
  const file = await openSafetensors(path);
  const parameters = predictionParameters(encoder.config, config);
  const base = await encoderValues(encoder, parameters);
  const values: Record<string, TensorData> = {};
  for (const name of parameters.map((node) => node.attrs.name)) {
    if (name === wordTable) continue;
    const from = base[name];
    values[name] =
      from && file.tensors.has(`${name}.delta`)
        ? applyDelta(from, (await file.read(`${name}.delta`)) as TensorData, (await file.read(`${name}.scale`)) as TensorData)
        : await readAsFloat32(file, name, { checkFinite: true });
  }
  return values;
};
