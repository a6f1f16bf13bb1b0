import { join } from 'node:path';
import {
  type CausalTokenizer,
  type GgufEntry,
  type GgufType,
  type GgufValue,
  ggufTokenizerOf,
  ggufTokenizerOfPieces,
  writeGguf,
} from '../../../formats/index.ts';
import type { CausalFiles, GgufForm } from '../../../models/index.ts';
import { bytesAs, type NumberType } from './number-type.ts';

const types: Readonly<Record<NumberType, { readonly type: GgufType; readonly code: number }>> = {
  f32: { type: 'F32', code: 0 },
  f16: { type: 'F16', code: 1 },
  bf16: { type: 'BF16', code: 32 },
  q8_0: { type: 'Q8_0', code: 7 },
};

export interface GgufContents {
  readonly name: string;
  readonly form: GgufForm;
  readonly files: CausalFiles;
  readonly vocab: number;
  readonly tokenizer: CausalTokenizer;
  readonly chatTemplate: string | undefined;
  readonly type: NumberType;
  readonly licence: string | null;
  /** Told of every tensor before it is written. */
  readonly onTensor: (name: string) => void;
}

/** Writes a GGUF file: matrices in the type wanted, norms and biases in float32. @throws UnsupportedError for a tokenizer that GGUF has no name for · ShapeError for rows that are no whole blocks */
export const writeGgufModel = async (path: string, { name, form, type, licence, chatTemplate, onTensor, ...rest }: GgufContents): Promise<void> => {
  const text = (value: string): GgufEntry => ({ type: 'string', value });
  const metadata = new Map<string, GgufEntry>([
    ...form.metadata,
    ['general.name', text(name)],
    ...(licence === null ? [] : [['general.license', text(licence)] as const]),
    ['general.file_type', { type: 'uint32', value: types[type].code }],
    ['general.quantization_version', { type: 'uint32', value: 2 }],
    ...(await tokenizerKeys(rest)),
    ...(chatTemplate === undefined ? [] : [['tokenizer.chat_template', text(chatTemplate)] as const]),
  ]);
  await writeGguf(
    path,
    metadata,
    form.tensors.map(({ name, shape, read }) => {
      const own = shape.length === 1 ? 'f32' : type;
      return {
        name,
        type: types[own].type,
        shape,
        make: async () => {
          onTensor(name);
          return bytesAs(own, await read(), `models convert ${name}`);
        },
      };
    }),
  );
};

const tokenizerKeys = ({ files, vocab, tokenizer }: Pick<GgufContents, 'files' | 'vocab' | 'tokenizer'>): Promise<ReadonlyMap<string, GgufEntry>> => {
  if (files.kind === 'folder') return ggufTokenizerOf(join(files.folder, 'tokenizer.json'), { vocab, bos: tokenizer.bos, eos: tokenizer.eos });
  if (files.kind === 'llama2c') return Promise.resolve(ggufTokenizerOfPieces(files.checkpoint.tokenizer!));
  const kept = [...files.gguf.metadata].filter(([key]) => key.startsWith('tokenizer.ggml.'));
  return Promise.resolve(new Map(kept.flatMap(([key, value]) => (entryOf(value) ? [[key, entryOf(value)!] as const] : []))));
};

/** A value of a tokenizer's keys as it is written again; other kinds have no place there. */
const entryOf = (value: GgufValue): GgufEntry | undefined => {
  if (typeof value === 'string') return { type: 'string', value };
  if (typeof value === 'boolean') return { type: 'bool', value };
  if (typeof value === 'number') return { type: 'uint32', value };
  if (value instanceof Float32Array) return { type: 'float32s', value };
  if (value instanceof Int32Array) return { type: 'int32s', value };
  return Array.isArray(value) && value.every((one) => typeof one === 'string') ? { type: 'strings', value } : undefined;
};
