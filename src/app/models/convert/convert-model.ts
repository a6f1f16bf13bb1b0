import { readdir, stat } from 'node:fs/promises';
import { extname, join, resolve } from 'node:path';
import { ConfigError, elements } from '../../../core/index.ts';
import { causalSource, ggufForm, hubTensors, mergedSource, openCausalFiles } from '../../../models/index.ts';
import { adapterOn } from '../../language-model/adapter-on.ts';
import { openTextTools } from '../../language-model/text-tools.ts';
import type { WeightMode } from '../../language-model/weights.ts';
import { describeModel } from '../describe-model.ts';
import { readRecord } from '../model-record.ts';
import { resolveModel } from '../resolve-model.ts';
import { fittingType, holds, type NumberType, numberTypes, sizeAs } from './number-type.ts';
import { fillPlace } from './target.ts';
import { writeHubFolder } from './to-folder.ts';
import { writeGgufModel } from './to-gguf.ts';
import { type OnnxInterface, writeOnnxFolder } from './to-onnx.ts';

export const convertTargets = ['huggingface', 'onnx', 'gguf'] as const;
export type ConvertTarget = (typeof convertTargets)[number];

export interface ConvertOptions {
  /** Default: `gguf` where the place ends in .gguf, else `huggingface`. */
  readonly to?: ConvertTarget | undefined;
  /** What weights are written as; not for ONNX. Default: the narrowest that loses nothing. */
  readonly type?: NumberType | undefined;
  /** For ONNX: what its products compute with. Default `f32`. */
  readonly weights?: WeightMode | undefined;
  /** Folder of an adapter, merged into the weights; for ONNX it stays beside them where no weights can hold it. */
  readonly adapter?: string | undefined;
  /** Replace what is in the place. */
  readonly force?: boolean;
  readonly signal?: AbortSignal;
  /** What will be lost, before anything is written. */
  readonly onNote?: (text: string) => void;
  readonly onProgress?: (done: number, total: number, name: string) => void;
}

export interface ConvertedModel {
  readonly output: string;
  readonly to: ConvertTarget;
  /** What the matrices are written as. */
  readonly type: NumberType | WeightMode;
  /** Every weight has the value it had. */
  readonly lossless: boolean;
  readonly sizeBytes: number;
  /** Of ONNX. */
  readonly interface?: OnnxInterface;
}

/**
 * Writes a language model in another format. What comes of it is whole or absent.
 *
 * @param output  a folder to be made, or a file for GGUF
 * @throws as `resolveModel` and `openAdapted` · ConfigError for options that do not fit, or where something is in the place · UnsupportedError where the format cannot say what the model computes · the signal's reason
 */
export const convertModel = async (model: string, output: string, options: ConvertOptions = {}): Promise<ConvertedModel> => {
  const { adapter, force = false, signal, onNote, onProgress } = options;
  const to = options.to ?? (extname(output).toLowerCase() === '.gguf' ? 'gguf' : 'huggingface');
  check(to, options);
  const resolved = await resolveModel(model);
  const { kind, path, name, pulled, chatTemplate: ours } = resolved;
  const files = await openCausalFiles(kind, path);
  const base = await causalSource(files);
  const opened = adapter === undefined ? undefined : await adapterOn(adapter, base, resolved);
  const beside = to === 'onnx' && opened?.unmergeable !== undefined ? opened : undefined;
  const source = opened && !beside ? mergedSource(base, opened) : base;
  const { tokenizer, chatTemplate } = await openTextTools(files, ours, base.member.config.vocab);
  const tensors = to === 'gguf' ? ggufForm(source, `models convert ${model}`) : undefined;
  const written = tensors?.tensors ?? hubTensors(source);
  const matrices = written.filter(({ shape }) => shape.length > 1);
  const type = options.type ?? fittingType(matrices.map(({ stored }) => stored));
  const mode = options.weights ?? 'f32';
  const lossless = to === 'onnx' ? mode === 'f32' : matrices.every(({ stored }) => holds(type, stored));
  if (!lossless) onNote?.(`${to === 'onnx' ? mode : type} does not hold every weight as ${name} has it: they are rounded`);
  const total = written.length;
  let done = 0;
  const onTensor = (tensor: string): void => {
    signal?.throwIfAborted();
    onProgress?.(Math.min(done++, total), total, tensor);
  };
  const bytes = written.reduce((sum, { shape }) => sum + sizeAs(to === 'onnx' || shape.length === 1 ? 'f32' : type, elements(shape)), 0) + 2 ** 24;
  let face: OnnxInterface | undefined;
  const licence = (pulled ? (await readRecord(name))?.licence : undefined) ?? (await describeModel(kind, path)).licence;
  await fillPlace(output, { bytes, force, ...(to === 'gguf' && { made: 'model.gguf' }) }, async (folder) => {
    if (to === 'onnx') face = await writeOnnxFolder(folder, { name, source, beside, tokenizer, mode, onTensor });
    else if (tensors)
      await writeGgufModel(join(folder, 'model.gguf'), {
        name,
        form: tensors,
        files,
        vocab: source.member.config.vocab,
        tokenizer,
        chatTemplate,
        type,
        licence,
        onTensor,
      });
    else if (type !== 'q8_0') await writeHubFolder(folder, { source, files, tokenizer, chatTemplate, type, onTensor });
    signal?.throwIfAborted();
  });
  return { output: resolve(output), to, type: to === 'onnx' ? mode : type, lossless, sizeBytes: await sizeOfPlace(output), ...(face && { interface: face }) };
};

const check = (to: ConvertTarget, { type, weights }: ConvertOptions): void => {
  const wrong = (what: string): never => {
    throw new ConfigError(`models convert: expected ${what}`);
  };
  if (!convertTargets.includes(to)) wrong(`--to ${convertTargets.join(', ')}, got ${to}`);
  if (type !== undefined && !numberTypes.includes(type)) wrong(`--type ${numberTypes.join(', ')}, got ${type}`);
  if (to === 'onnx' && type !== undefined) wrong(`no --type for ONNX, got ${type}; --weights f32, int8 or int4 says what it computes with`);
  if (to !== 'onnx' && weights !== undefined) wrong(`--weights for ONNX only, got ${weights}; --type says what weights are written as`);
  if (to === 'huggingface' && type === 'q8_0') wrong('f32, f16 or bf16 for a Hugging Face folder, got q8_0; such blocks are for GGUF');
};

const sizeOfPlace = async (place: string): Promise<number> => {
  const found = await stat(place);
  if (!found.isDirectory()) return found.size;
  const sizes = await Promise.all((await readdir(place)).map(async (name) => (await stat(join(place, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
};
