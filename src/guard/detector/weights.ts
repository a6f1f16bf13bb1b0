import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { FormatError, NotFoundError } from '../../core/index.ts';
import { openSafetensors, type TensorData, writeSafetensors, writeWhole } from '../../formats/index.ts';
import { sha256Of } from '../../train/index.ts';
import { type Detector, type DetectorWeights, detectorOf } from './detector.ts';
import { featureNames, kindNames } from './features.ts';

const formatVersion = 1;
const descriptionFile = 'detector.json';
const weightsFile = 'detector.safetensors';
const mostBytes = 1 << 20;
const shipped = fileURLToPath(new URL('../../../models/guard', import.meta.url));

const schema = z.strictObject({
  format: z.literal(formatVersion),
  /** What the vectors came from: its package and the values of a vector. */
  encoder: z.strictObject({ package: z.string().min(1).max(200), width: z.int().min(1).max(8192) }),
  hidden: z.int().min(1).max(1024),
  threshold: z.number().gt(0).lt(1),
  kinds: z.tuple(kindNames.map((name) => z.literal(name)) as never),
  features: z.tuple(featureNames.map((name) => z.literal(name)) as never),
  weights: z.strictObject({ file: z.literal(weightsFile), sha256: z.string().length(64) }),
  /** How it came to be: for people, not for programs. */
  training: z.unknown(),
});

/** Which tensors a detector has. */
const shapes = ({ width, hidden }: { width: number; hidden: number }): Readonly<Record<string, readonly number[]>> => ({
  'kinds.weight': [kindNames.length, width],
  'kinds.bias': [kindNames.length],
  'features.mean': [featureNames.length],
  'features.spread': [featureNames.length],
  'first.weight': [hidden, featureNames.length],
  'first.bias': [hidden],
  'second.weight': [hidden],
  'second.bias': [1],
});

/**
 * Writes a detector as `detector.json` and `detector.safetensors` (float32).
 *
 * @param encoder   package of the encoder that the weights were trained with
 * @param training  what `detector.json` tells of the training
 */
export const writeDetector = async (folder: string, weights: DetectorWeights, { encoder, training }: { encoder: string; training: unknown }): Promise<void> => {
  const { kinds, network, width, threshold } = weights;
  const hidden = network.second.length;
  const values: Readonly<Record<string, Float32Array>> = {
    'kinds.weight': kinds.weight,
    'kinds.bias': kinds.bias,
    'features.mean': network.mean,
    'features.spread': network.spread,
    'first.weight': network.first,
    'first.bias': network.hiddenBias,
    'second.weight': network.second,
    'second.bias': Float32Array.of(network.bias),
  };
  const tensors = Object.entries(shapes({ width, hidden })).map(([name, shape]): [string, TensorData] => [
    name,
    { dtype: 'float32', shape, data: values[name]! },
  ]);
  await writeSafetensors(join(folder, weightsFile), Object.fromEntries(tensors));
  const description: z.input<typeof schema> = {
    format: formatVersion,
    encoder: { package: encoder, width },
    hidden,
    threshold,
    kinds: kindNames as never,
    features: featureNames as never,
    weights: { file: weightsFile, sha256: await sha256Of(join(folder, weightsFile)) },
    training,
  };
  await writeWhole(join(folder, descriptionFile), [new TextEncoder().encode(`${JSON.stringify(description, null, 2)}\n`)]);
};

/**
 * Reads the weights of a detector.
 *
 * @param folder  default: the detector that comes with Lyceum
 * @throws NotFoundError where there is none · FormatError for files of another version, damaged ones, and weights that are not finite numbers
 */
export const readDetectorWeights = async (folder: string = shipped): Promise<DetectorWeights> => {
  const path = join(folder, descriptionFile);
  const parsed = schema.safeParse(await readDescription(path));
  if (!parsed.success) {
    const { path: at, message } = parsed.error.issues[0]!;
    throw new FormatError(
      `${path}: ${at.join('.') || 'document'}: expected a detector of format ${formatVersion}, got: ${message}; another version of Lyceum wrote it`,
    );
  }
  const { encoder, hidden, threshold, weights } = parsed.data;
  const file = join(folder, weightsFile);
  await sizeWithin(file, 64 * mostBytes);
  const sha256 = await sha256Of(file);
  if (sha256 !== weights.sha256) throw new FormatError(`${file}: expected SHA-256 ${weights.sha256}, got ${sha256}; the file is damaged`);
  const stored = await openSafetensors(file);
  const expected = shapes({ width: encoder.width, hidden });
  const strange = [...stored.tensors.keys()].find((name) => !(name in expected));
  if (strange !== undefined)
    throw new FormatError(`${file}: expected the tensors of a detector, got ${JSON.stringify(strange)} too; another version of Lyceum wrote it`);
  const read = async (name: string): Promise<Float32Array> => {
    const info = stored.tensors.get(name);
    if (info?.dtype !== 'float32' || info.shape.join() !== expected[name]!.join())
      throw new FormatError(
        `${file}: ${name}: expected float32 [${expected[name]!.join(', ')}], got ${info ? `${info.dtype} [${info.shape.join(', ')}]` : 'none'}; another version of Lyceum wrote it`,
      );
    return (await stored.read(name, { checkFinite: true })).data as Float32Array;
  };
  const spread = await read('features.spread');
  if (!spread.every((value) => value > 0)) throw new FormatError(`${file}: features.spread: expected numbers above 0, got others; the file is damaged`);
  return {
    width: encoder.width,
    threshold,
    kinds: { weight: await read('kinds.weight'), bias: await read('kinds.bias') },
    network: {
      mean: await read('features.mean'),
      spread,
      first: await read('first.weight'),
      hiddenBias: await read('first.bias'),
      second: await read('second.weight'),
      bias: (await read('second.bias'))[0]!,
    },
  };
};

/** The detector of a folder; default: the one that comes with Lyceum, for the encoder that comes with it. Throws as `readDetectorWeights` does. */
export const readDetector = async (folder?: string): Promise<Detector> => detectorOf(await readDetectorWeights(folder));

const sizeWithin = async (path: string, most: number): Promise<void> => {
  const { size } = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
    throw new NotFoundError(`${path}: expected a file of a detector, got none; give a folder with ${descriptionFile} and ${weightsFile}`);
  });
  if (size > most) throw new FormatError(`${path}: expected at most ${most} bytes, got ${size}; this is no detector`);
};

const readDescription = async (path: string): Promise<unknown> => {
  await sizeWithin(path, mostBytes);
  const text = await readFile(path, 'utf8');
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FormatError(`${path}: expected JSON, got ${JSON.stringify(text.slice(0, 40))}; the file is damaged`, { cause });
  }
};
