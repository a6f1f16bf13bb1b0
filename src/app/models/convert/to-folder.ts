import { copyFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UnsupportedError } from '../../../core/index.ts';
import { type CausalTokenizer, ggufTokenizerOfPieces, tokenizerJsonOf, writeSafetensorsLate, writeWhole } from '../../../formats/index.ts';
import { type CausalFiles, type CausalSource, hubTensors } from '../../../models/index.ts';
import { isModelFile } from '../pull/model-files.ts';
import { bytesAs, type NumberType } from './number-type.ts';

const dtypes = { f32: 'float32', f16: 'float16', bf16: 'bfloat16' } as const;

export interface FolderContents {
  readonly source: CausalSource;
  readonly files: CausalFiles;
  readonly tokenizer: CausalTokenizer;
  readonly chatTemplate: string | undefined;
  readonly type: Exclude<NumberType, 'q8_0'>;
  /** Told of every tensor before it is written. */
  readonly onTensor: (name: string) => void;
}

/** Fills a folder with a model as Hugging Face has it: config.json, model.safetensors, the tokenizer with its chat template. @throws UnsupportedError where such a folder cannot say what the model computes */
export const writeHubFolder = async (folder: string, { source, files, tokenizer, chatTemplate, type, onTensor }: FolderContents): Promise<void> => {
  const json = (name: string, value: unknown): Promise<void> => writeWhole(join(folder, name), [Buffer.from(`${JSON.stringify(value, null, 2)}\n`)]);
  const { torch_dtype: _, ...config } = source.hubConfig();
  const ends = files.kind === 'folder' ? {} : { bos_token_id: tokenizer.bos ?? null, eos_token_id: tokenizer.eos[0] ?? null };
  await json('config.json', { ...config, ...ends, dtype: dtypes[type] });
  await writeSafetensorsLate(
    join(folder, 'model.safetensors'),
    hubTensors(source).map(({ name, shape, read }) => ({
      name,
      shape,
      dtype: dtypes[type],
      make: async () => {
        onTensor(name);
        return bytesAs(type, await read(), `models convert ${name}`);
      },
    })),
    { format: 'pt' },
  );
  if (files.kind === 'folder') {
    // What belongs to the model beside its weights is taken as it is.
    const names = (await readdir(files.folder)).filter((name) => isModelFile(name) && name !== 'config.json' && !/safetensors/.test(name));
    for (const name of names) await copyFile(join(files.folder, name), join(folder, name));
    return;
  }
  const spelt = (id: number | undefined): string | null => (id === undefined ? null : (tokenizer.tokenOf(id) ?? null));
  const tokenizerJson = tokenizerJsonOf(tokenizerMetadata(files));
  await json('tokenizer.json', tokenizerJson);
  await json('tokenizer_config.json', {
    tokenizer_class: 'PreTrainedTokenizerFast',
    bos_token: spelt(tokenizer.bos),
    eos_token: spelt(tokenizer.eos[0]),
    unk_token: (tokenizerJson as { model: { unk_token: string | null } }).model.unk_token,
    clean_up_tokenization_spaces: false,
    model_max_length: source.member.config.positions,
    ...(chatTemplate !== undefined && { chat_template: chatTemplate }),
  });
  await json('generation_config.json', { bos_token_id: tokenizer.bos ?? null, eos_token_id: tokenizer.eos, do_sample: false });
};

const tokenizerMetadata = (files: Exclude<CausalFiles, { kind: 'folder' }>): ReadonlyMap<string, unknown> => {
  if (files.kind === 'gguf') return files.gguf.metadata;
  const { tokenizer, path } = files.checkpoint;
  if (!tokenizer) throw new UnsupportedError(`llama2.c ${path}: expected a tokenizer behind the weights, got none; append tokenizer.bin to the file`);
  return new Map([...ggufTokenizerOfPieces(tokenizer)].map(([key, { value }]) => [key, value]));
};
