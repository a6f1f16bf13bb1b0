import { copyFile, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { adapterFolder, readAdapterRecord } from '../adapt/index.ts';
import { ConfigError, FormatError, NotFoundError } from '../core/index.ts';
import { openSafetensors, sha256OfFile } from '../formats/index.ts';
import { adapterModel } from './adapter-model.ts';
import type { WeightMode } from './language-model/weights.ts';
import { type ConvertedModel, type ConvertTarget, convertModel } from './models/convert/convert-model.ts';
import type { NumberType } from './models/convert/number-type.ts';
import { fillPlace } from './models/convert/target.ts';

export const adapterFormats = ['peft', 'gguf', 'merged-safetensors', 'onnx'] as const;
export type AdapterFormat = (typeof adapterFormats)[number];

export interface ExportAdapterOptions {
  readonly format: AdapterFormat;
  /** A folder to be made, or a file for `gguf`. */
  readonly out: string;
  /** The model it belongs to. Default: what its record names. */
  readonly model?: string | undefined;
  /** For `gguf` and `merged-safetensors`: what weights are written as. Default: the narrowest that loses nothing. */
  readonly type?: NumberType | undefined;
  /** For `onnx`: what its products compute with. Default `f32`. */
  readonly weights?: WeightMode | undefined;
  /** Replace what is in the place. */
  readonly force?: boolean;
  readonly signal?: AbortSignal;
  /** What is lost, or will not work, before anything is written. */
  readonly onNote?: (text: string) => void;
  readonly onProgress?: (done: number, total: number, name: string) => void;
}

export interface ExportedAdapter {
  readonly format: AdapterFormat;
  readonly output: string;
  /** `lora` for one that PEFT wrote. */
  readonly method: string;
  readonly sizeBytes: number;
  /** Of the formats that hold a whole model. */
  readonly model?: ConvertedModel;
}

const targets: Readonly<Record<Exclude<AdapterFormat, 'peft'>, ConvertTarget>> = { gguf: 'gguf', 'merged-safetensors': 'huggingface', onnx: 'onnx' };
const peftFiles = ['adapter_config.json', 'adapter_model.safetensors'] as const;

/**
 * Writes an adapter for others to use: as PEFT has it, or with its model: merged into the weights, and in ONNX beside them where no weights can hold it. What comes of it is whole or absent.
 *
 * @param folder  of the adapter, or of the run that made it
 * @throws as `convertModel` · UnsupportedError, with the reason, for an adapter that no weights can hold, in a format that has nothing else · ConfigError where the model is not known
 */
export const exportAdapter = async (folder: string, options: ExportAdapterOptions): Promise<ExportedAdapter> => {
  const { format, out, model, ...rest } = options;
  if (!adapterFormats.includes(format)) throw new ConfigError(`adapt export: expected a format of ${adapterFormats.join(', ')}, got ${format}`);
  const place = await adapterFolder(folder);
  const record = await readAdapterRecord(place);
  const method = record?.method.kind ?? 'lora';
  if (format === 'peft') return { format, output: resolve(out), method, sizeBytes: await copyPeft(place, record?.weights.sha256, options) };
  const base = model ?? (await adapterModel(folder));
  if (base === undefined)
    throw new ConfigError(`adapt export: expected --model beside an adapter that PEFT wrote, which does not say whose it is, got none; name the model`);
  const written = await convertModel(base, out, { to: targets[format], adapter: folder, ...rest }).catch((error: unknown) => {
    if (model !== undefined || !(error instanceof NotFoundError)) throw error;
    throw new NotFoundError(`${error.message}; or name the model that the adapter was trained on with --model`);
  });
  return { format, output: written.output, method, sizeBytes: written.sizeBytes, model: written };
};

/** The two files that PEFT reads. @returns their size in bytes */
const copyPeft = async (place: string, sha256: string | undefined, { out, force = false, type, weights, onNote }: ExportAdapterOptions): Promise<number> => {
  if (type !== undefined || weights !== undefined)
    throw new ConfigError('adapt export: expected no --type and no --weights for peft, whose values are float32');
  const [config, tensors] = peftFiles.map((name) => join(place, name)) as [string, string];
  const text = await readFile(config, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
    throw new NotFoundError(`adapter ${place}: expected adapter_config.json, got no such file; give the folder of an adapter`);
  });
  const kind = peftType(text, config);
  await openSafetensors(tensors);
  if (sha256 !== undefined && (await sha256OfFile(tensors)) !== sha256)
    throw new FormatError(`adapter ${tensors}: expected the file that its record is of, got another; it was damaged or changed, copy or train it again`);
  if (kind.startsWith('LYCEUM_'))
    onNote?.(`PEFT has nothing that does what this adapter does: it has the layout and refuses peft_type ${kind}; onnx runs without Lyceum`);
  const bytes = (await Promise.all([config, tensors].map((path) => stat(path)))).reduce((sum, { size }) => sum + size, 0);
  await fillPlace(out, { bytes, force, by: 'adapt export' }, async (made) => {
    for (const name of peftFiles) await copyFile(join(place, name), join(made, name));
  });
  return bytes;
};

const peftType = (text: string, path: string): string => {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new FormatError(`${path}: expected JSON, got something else; the adapter is damaged, copy or train it again`);
  }
  return String((json as { peft_type?: unknown } | null)?.peft_type);
};
