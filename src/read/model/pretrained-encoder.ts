import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { FormatError, type Node, NotFoundError, nameOf } from '../../core/index.ts';
import { openSafetensors, readAsFloat32, writeSafetensors, writeWhole } from '../../formats/index.ts';
import type { TensorData } from '../../runtime/index.ts';
import { sha256Of } from '../../train/index.ts';
import { type Encoder, encoderPackage, wordTable } from './encoder.ts';
import { isEncoder } from './tuning.ts';

const formatVersion = 1;
const configFile = 'encoder.json';
/** File of the values in the encoder's folder. */
export const pretrainedWeights = 'encoder.safetensors';

const digest = z.string().length(64);
const schema = z.strictObject({
  format: z.literal(formatVersion),
  /** The package that the training began from; the word table is still its own. */
  base: z.strictObject({ package: z.string().min(1), sha256: digest }),
  weights: z.strictObject({ file: z.literal(pretrainedWeights), sha256: digest }),
  /** How it came to be: for people, not for programs. */
  training: z.unknown(),
});

export interface PretrainedEncoder {
  /** Of every parameter of the encoder but the word table, float32. */
  readonly values: Readonly<Record<string, TensorData>>;
  /** Of `encoder.safetensors`. */
  readonly sha256: string;
}

/** Writes `encoder.json` and `encoder.safetensors`: the encoder's parameters but the word table, float32, under our names. */
export const writePretrained = async (
  folder: string,
  { encoder, values, training }: { encoder: Encoder; values: Readonly<Record<string, TensorData>>; training: unknown },
): Promise<void> => {
  const stored = Object.fromEntries(Object.entries(values).filter(([name]) => isEncoder(name) && name !== wordTable));
  await writeSafetensors(join(folder, pretrainedWeights), stored, { format: String(formatVersion) });
  const json = {
    format: formatVersion,
    base: { package: encoderPackage, sha256: await sha256Of(encoder.weights.path) },
    weights: { file: pretrainedWeights, sha256: await sha256Of(join(folder, pretrainedWeights)) },
    training,
  };
  await writeWhole(join(folder, configFile), [new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`)]);
};

/**
 * Reads what `writePretrained` wrote.
 *
 * @param parameters  of the model that is to have the values
 * @throws NotFoundError where there is none · FormatError where the files are not what they should be, or began from another package
 */
export const readPretrained = async (folder: string, encoder: Encoder, parameters: readonly Node[]): Promise<PretrainedEncoder> => {
  const path = join(folder, configFile);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR')
      throw new NotFoundError(`encoder ${folder}: expected a folder with ${configFile}, got none; \`lyceum read pretrain\` writes one at its end`);
    throw error;
  });
  const { base, weights } = parsed(text, path);
  const file = join(folder, pretrainedWeights);
  for (const [of, expected, whose] of [
    [file, weights.sha256, 'the pre-trained encoder'],
    [encoder.weights.path, base.sha256, `its base ${base.package}`],
  ] as const) {
    const found = await sha256Of(of);
    if (found !== expected) throw new FormatError(`${of}: expected the weights of ${whose} with SHA-256 ${expected}, got ${found}; pre-train again`);
  }
  const opened = await openSafetensors(file);
  const values: Record<string, TensorData> = {};
  for (const node of parameters) {
    const name = nameOf(node);
    if (!isEncoder(name) || name === wordTable) continue;
    const value = opened.tensors.has(name) ? await readAsFloat32(opened, name, { checkFinite: true }) : undefined;
    if (!value || value.shape.join() !== node.shape.join())
      throw new FormatError(`${file}: expected ${name} [${node.shape.join(', ')}], got ${value ? `[${value.shape.join(', ')}]` : 'none'}; pre-train again`);
    values[name] = value;
  }
  return { values, sha256: weights.sha256 };
};

const parsed = (text: string, path: string): z.infer<typeof schema> => {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new FormatError(`${path}: expected JSON, got ${JSON.stringify(text.slice(0, 40))}; the file is damaged`, { cause });
  }
  const found = schema.safeParse(json);
  if (found.success) return found.data;
  const { path: at, message } = found.error.issues[0]!;
  throw new FormatError(
    `${path}: ${at.join('.') || 'document'}: expected a pre-trained encoder of format ${formatVersion}, got: ${message}; another version of Lyceum wrote it`,
  );
};
