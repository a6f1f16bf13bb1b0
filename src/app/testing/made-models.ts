// Models made for tests: small, and right in every header.
import { createHash } from 'node:crypto';
import { packZip } from '../../formats/testing/archive-files.ts';
import { packGguf, text, u32 } from '../../formats/testing/gguf-files.ts';

/** A llama of two layers, `seed` in its weights' place; about `kilobytes` long. */
export const madeGguf = (name = 'made', kilobytes = 64): Uint8Array =>
  packGguf({
    metadata: [
      ['general.architecture', u32(8), text('llama')],
      ['general.name', u32(8), text(name)],
      ['general.license', u32(8), text('apache-2.0')],
      ['general.file_type', u32(4), u32(0)],
      ['llama.block_count', u32(4), u32(2)],
      ['llama.embedding_length', u32(4), u32(8)],
      ['llama.context_length', u32(4), u32(128)],
      ['tokenizer.ggml.tokens', u32(9), u32(8), { u64: 3 }, text('<s>'), text('a'), text('b')],
    ],
    tensors: [{ name: 'token_embd.weight', dims: [256, kilobytes], type: 0, offset: 0 }],
    body: 1024 * kilobytes,
  }).bytes;

/** A safetensors file with one float16 tensor of that many values. */
export const madeSafetensors = (name: string, values: number): Uint8Array => {
  const header = JSON.stringify({ [name]: { dtype: 'F16', shape: [values], data_offsets: [0, 2 * values] } });
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, Buffer.from(header), Buffer.alloc(2 * values)]);
};

export const madeConfig = JSON.stringify({
  model_type: 'llama',
  num_hidden_layers: 2,
  hidden_size: 8,
  vocab_size: 3,
  max_position_embeddings: 128,
});

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** A wheel with these files in it, and the code that every package has. */
export const madeWheel = (files: Readonly<Record<string, Uint8Array | string>>): Uint8Array =>
  packZip([
    { name: 'package/__init__.py', data: 'raise SystemExit("nobody runs this")' },
    ...Object.entries(files).map(([name, data]) => ({ name, data })),
    { name: 'package-1.0.0.dist-info/METADATA', data: 'Name: package\n' },
  ]);
