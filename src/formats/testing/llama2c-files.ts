// llama2.c files made for tests.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openLlama2c } from '../llama2c/llama2c.ts';
import type { Made } from './gguf-files.ts';

export interface Sizes {
  readonly hidden: number;
  readonly ffn: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  /** Negative where the output layer is a tensor of its own. */
  readonly vocab: number;
  readonly seq: number;
}

export const smallSizes: Sizes = { hidden: 8, ffn: 6, layers: 2, heads: 2, kvHeads: 1, vocab: 5, seq: 3 };

/** Header, then `floats` floats that count from 0. */
export const packLlama2c = ({ hidden, ffn, layers, heads, kvHeads, vocab, seq }: Sizes, floats: number): Uint8Array => {
  const header = Int32Array.of(hidden, ffn, layers, heads, kvHeads, vocab, seq);
  const out = new Uint8Array(28 + 4 * floats);
  out.set(new Uint8Array(header.buffer));
  out.set(new Uint8Array(Float32Array.from({ length: floats }, (_, i) => i).buffer), 28);
  return out;
};

/** Each piece as text or as bytes, scored 0, −1, −2 … */
export const packTokenizer = (pieces: readonly (string | Uint8Array)[]): Made => {
  const raw = pieces.map((piece) => (typeof piece === 'string' ? new TextEncoder().encode(piece) : piece));
  const bytes = new Uint8Array(4 + raw.reduce((sum, piece) => sum + 8 + piece.length, 0));
  const view = new DataView(bytes.buffer);
  const fields = [0];
  view.setInt32(0, Math.max(...raw.map(({ length }) => length)), true);
  let at = 4;
  for (const [id, piece] of raw.entries()) {
    fields.push(at, at + 4);
    view.setFloat32(at, 0 - id, true); // not −0
    view.setInt32(at + 4, piece.length, true);
    bytes.set(piece, at + 8);
    at += 8 + piece.length;
  }
  return { bytes, fields };
};

/** Floats of a checkpoint of `smallSizes`: embeddings, layers, last norm, two rotary tables. */
export const smallFloats = 5 * 8 + 2 * (2 * 8 + 2 * 64 + 2 * 32 + 3 * 48) + 8 + 2 * 3 * 2;

/** A good checkpoint with its tokenizer behind it. */
export const llama2cSample = (): Made => {
  const model = packLlama2c(smallSizes, smallFloats);
  const tokenizer = packTokenizer(['<unk>', '\n<s>\n', '\n</s>\n', ' the', 'é']);
  const bytes = new Uint8Array(model.length + tokenizer.bytes.length);
  bytes.set(model);
  bytes.set(tokenizer.bytes, model.length);
  return { bytes, fields: [0, 4, 8, 12, 16, 20, 24, ...tokenizer.fields.map((at) => model.length + at)] };
};

/** Opens bytes as a file and reads every tensor of it. */
export const openLlama2cBytes = async (folder: string, bytes: Uint8Array): Promise<void> => {
  const path = join(folder, 'damaged.bin');
  await writeFile(path, bytes);
  const file = await openLlama2c(path);
  for (const name of file.tensors.keys()) await file.read(name);
};
