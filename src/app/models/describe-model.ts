import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FormatError } from '../../core/index.ts';
import { type GgufFile, openGguf, openLlama2c, openSafetensors, type SafetensorsFile } from '../../formats/index.ts';
import type { ModelKind } from './model-record.ts';

/** What a model's own files say of it; null where they do not. */
export interface ModelDescription {
  readonly family: string | null;
  /** Values of all weights together. */
  readonly parameters: number;
  readonly layers: number | null;
  readonly hidden: number | null;
  readonly vocab: number | null;
  /** Longest sequence it was made for, in tokens. */
  readonly context: number | null;
  /** How the weights are stored: the name of the mixture, else the format of most of them. */
  readonly weights: string;
  /** Bytes of weights by format, largest first. */
  readonly formats: readonly { readonly format: string; readonly sizeBytes: number }[];
  readonly licence: string | null;
}

/** Names of families where files spell them otherwise. */
const families = new Map([
  ['gptneox', 'gpt-neox'],
  ['gpt_neox', 'gpt-neox'],
  ['gemma3_text', 'gemma3'],
]);

/** Mixtures of llama.cpp, by the number in `general.file_type`. */
const mixtures = new Map<unknown, string>(
  Object.entries(
    'F32 F16 Q4_0 Q4_1 - - - Q8_0 Q5_0 Q5_1 Q2_K Q3_K_S Q3_K_M Q3_K_L Q4_K_S Q4_K_M Q5_K_S Q5_K_M Q6_K IQ2_XXS IQ2_XS Q2_K_S IQ3_XS IQ3_XXS IQ1_S IQ4_NL IQ3_S IQ3_M IQ2_S IQ2_M IQ4_XS IQ1_M BF16'.split(
      ' ',
    ),
  )
    .filter(([, name]) => name !== '-')
    .map(([code, name]) => [Number(code), name]),
);

/**
 * Reads the heads of a model's files, no weights.
 *
 * @throws FormatError · UnsupportedError · ConfigError: they are not what their format says
 */
export async function describeModel(kind: ModelKind, path: string): Promise<ModelDescription> {
  if (kind === 'gguf') return describeGguf(await openGguf(path));
  if (kind === 'folder') return await describeFolder(path);
  const file = await openLlama2c(path);
  const { layers, hidden, vocab, seq } = file.config;
  return { family: 'llama', ...summary([file]), layers, hidden, vocab, context: seq, licence: null };
}

/** What kind of model a single file is. Errors: FormatError, UnsupportedError where it is none. */
export async function kindOfFile(path: string): Promise<'gguf' | 'llama2c'> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    if (buffer.toString('latin1', 0, bytesRead) === 'GGUF') return 'gguf';
  } finally {
    await file.close();
  }
  if (path.endsWith('.safetensors'))
    throw new FormatError(`${path}: expected a folder with config.json beside the weights, got the weights alone; give the folder`);
  try {
    await openLlama2c(path);
    return 'llama2c';
  } catch (cause) {
    throw new FormatError(`${path}: expected a GGUF file or a llama2.c checkpoint, got neither; give a file of a model`, { cause });
  }
}

const describeGguf = ({ metadata, tensors }: GgufFile): ModelDescription => {
  const text = (key: string) => {
    const value = metadata.get(key);
    return typeof value === 'string' ? value : null;
  };
  const architecture = text('general.architecture');
  const count = (key: string) => numberOf(metadata.get(`${architecture}.${key}`));
  const tokens = metadata.get('tokenizer.ggml.tokens');
  const found = summary([{ tensors }]);
  return {
    family: architecture === null ? null : (families.get(architecture) ?? architecture),
    ...found,
    weights: mixtures.get(metadata.get('general.file_type')) ?? found.weights,
    layers: count('block_count'),
    hidden: count('embedding_length'),
    vocab: count('vocab_size') ?? (Array.isArray(tokens) ? tokens.length : null),
    context: count('context_length'),
    licence: text('general.license'),
  };
};

const numberOf = (value: unknown): number | null => (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null);

const describeFolder = async (folder: string): Promise<ModelDescription> => {
  const path = join(folder, 'config.json');
  let config: Record<string, unknown>;
  try {
    config = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
    if (typeof config !== 'object' || config === null || Array.isArray(config)) throw new Error('no object');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw error;
    throw new FormatError(`${path}: expected a JSON object, got ${(error as Error).message}; fetch the model again`);
  }
  const names = (await readdir(folder)).filter((name) => name.endsWith('.safetensors')).sort();
  if (names.length === 0) throw new FormatError(`${folder}: expected weights as .safetensors, got none; give the folder of one model`);
  // Models that see and read keep what is said of the reader one level deeper.
  const inner = config['text_config'];
  const all = typeof inner === 'object' && inner !== null ? { ...config, ...inner, model_type: config['model_type'] } : config;
  const first = (...keys: string[]) => numberOf(keys.map((key) => (all as Record<string, unknown>)[key]).find((value) => value !== undefined));
  const type = typeof config['model_type'] === 'string' ? config['model_type'] : null;
  return {
    family: type === null ? null : (families.get(type) ?? type),
    ...summary(await Promise.all(names.map((name) => openSafetensors(join(folder, name))))),
    layers: first('num_hidden_layers', 'n_layer', 'num_layers'),
    hidden: first('hidden_size', 'n_embd', 'd_model'),
    vocab: first('vocab_size'),
    context: first('max_position_embeddings', 'n_positions', 'n_ctx'),
    licence: null,
  };
};

/** safetensors' own names of what floats are stored as. */
const storedNames = new Map([
  ['float64', 'F64'],
  ['float32', 'F32'],
  ['float16', 'F16'],
  ['bfloat16', 'BF16'],
  ['float8_e4m3', 'F8_E4M3'],
  ['float8_e5m2', 'F8_E5M2'],
]);

interface StoredTensor {
  readonly shape: readonly number[];
  readonly sizeBytes: number;
  readonly type?: string;
  readonly dtype?: string;
}

const summary = (files: readonly (Pick<SafetensorsFile, 'tensors'> | Pick<GgufFile, 'tensors'>)[]) => {
  const bytes = new Map<string, number>();
  let parameters = 0;
  for (const { tensors } of files)
    for (const [name, { shape, sizeBytes, type, dtype }] of tensors as ReadonlyMap<string, StoredTensor>) {
      if (/^(rope_|freq_cis_)/.test(name)) continue; // tables that follow from the configuration
      const format = type ?? storedNames.get(dtype ?? '');
      if (format === undefined) continue; // positions, masks: integers that nobody trained
      bytes.set(format, (bytes.get(format) ?? 0) + sizeBytes);
      parameters += shape.reduce((a, b) => a * b, 1);
    }
  const formats = [...bytes].map(([format, sizeBytes]) => ({ format, sizeBytes })).sort((a, b) => b.sizeBytes - a.sizeBytes);
  return { parameters, weights: formats[0]?.format ?? 'none', formats };
};
