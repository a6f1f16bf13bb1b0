import { type FileHandle, open } from 'node:fs/promises';
import { FormatError, NotFoundError, UnsupportedError } from '../../core/index.ts';
import { openToRead } from '../open-to-read.ts';
import { readInto } from '../read-into.ts';
import type { ReadOptions, SafetensorsFile, TensorData, TensorInfo } from '../safetensors.ts';
import { type Llama2cTokenizer, parseLlama2cTokenizer, tokenizerBytesLimit } from './llama2c-tokenizer.ts';

/** Sizes of the model, in values and tokens. llama2.c fixes the rest: SwiGLU, RMS norm with epsilon 1e-5, rotary base 10 000. */
export interface Llama2cConfig {
  readonly hidden: number;
  readonly ffn: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly vocab: number;
  /** Longest sequence it was made for. */
  readonly seq: number;
  /** The token embeddings are the output layer too; otherwise there is `lm_head.weight`. */
  readonly tied: boolean;
}

/** A llama2.c checkpoint; to whoever binds weights it looks like a safetensors file of float32 with Hugging Face's names of a Llama. */
export interface Llama2cFile extends SafetensorsFile {
  readonly config: Llama2cConfig;
  /**
   * How the rows of `q_proj` and `k_proj` pair up in the rotary embedding: here rows 2i and 2i + 1 of a head turn together, in Hugging Face's files rows i and i + headDim / 2. Row r of a head in
   * that order is row 2r here for r < headDim / 2, else 2r − headDim + 1.
   */
  readonly ropePairs: 'interleaved';
  /** Absent where nothing lies behind the weights and none was named. */
  readonly tokenizer?: Llama2cTokenizer;
}

const headerBytes = 28;
const versionedMagic = 0x616b3432;
const layerLimit = 1024;
const vocabLimit = 2 ** 21;

/**
 * Opens a llama2.c checkpoint of the first, unversioned kind: seven int32, then float32 tensors in a fixed order; reads the header and the tokenizer, no weights.
 *
 * @param tokenizer  path of its tokenizer.bin; default: what lies behind the weights in the same file
 * @throws FormatError where sizes are not positive, do not divide, or do not fit the file, or where the tokenizer is not one for this model · UnsupportedError for versioned checkpoints
 */
export const openLlama2c = async (path: string, { tokenizer: beside }: { readonly tokenizer?: string } = {}): Promise<Llama2cFile> => {
  const where = `llama2.c ${path}`;
  const file = await openToRead(path, where);
  try {
    const { size } = await file.stat();
    const header = new Uint8Array(Math.min(headerBytes, size));
    await readInto(file, header, 0, where);
    const { config, tensors, end } = parseLlama2c(header, size, where);
    if (beside !== undefined && end < size)
      throw new FormatError(`${where}: expected weights to end with the file, got ${size - end} bytes behind them; name no tokenizer if they are one`);
    const tokenizer =
      beside === undefined ? await readTokenizer(file, end, size, config.vocab, `${where} tokenizer`) : await openTokenizerBin(beside, config.vocab);
    const read: Llama2cFile['read'] = (name, options) => readTensor(path, tensors, name, options);
    return { path, metadata: {}, tensors, read, config, ropePairs: 'interleaved', ...(tokenizer && { tokenizer }) };
  } finally {
    await file.close();
  }
};

/**
 * Checks a header against the size of its file; takes bytes only, so that it can be tried on anything.
 *
 * @returns  sizes, where each tensor lies, and where the last one ends, in bytes
 */
export const parseLlama2c = (
  header: Uint8Array,
  sizeBytes: number,
  where: string,
): { config: Llama2cConfig; tensors: ReadonlyMap<string, TensorInfo>; end: number } => {
  const refuse = (expected: string, got: unknown): never => {
    throw new FormatError(`${where}: expected ${expected}, got ${String(got)}; the file is damaged or not a llama2.c checkpoint`);
  };
  if (header.length < headerBytes) refuse(`at least ${headerBytes} bytes`, header.length);
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const [hidden, ffn, layers, heads, kvHeads, signedVocab, seq] = Array.from({ length: 7 }, (_, i) => view.getInt32(4 * i, true)) as Seven;
  if (hidden === versionedMagic) throw new UnsupportedError(`${where}: expected a checkpoint without a version, got a versioned one; export it with version 0`);
  const vocab = Math.abs(signedVocab);
  for (const [name, value] of Object.entries({ hidden, ffn, layers, heads, kvHeads, vocab, seq })) if (value < 1) refuse(`${name} of 1 or more`, value);
  if (layers > layerLimit) refuse(`at most ${layerLimit} layers`, layers);
  if (vocab > vocabLimit) refuse(`at most ${vocabLimit} pieces`, vocab);
  if (hidden % (2 * heads) !== 0) refuse(`hidden to split into ${heads} heads of even size`, hidden);
  if (heads % kvHeads !== 0) refuse(`heads to share ${kvHeads} key/value heads evenly`, heads);
  const config = { hidden, ffn, layers, heads, kvHeads, headDim: hidden / heads, vocab, seq, tied: signedVocab > 0 };
  // A sum beyond 2^53 is inexact, and more than any file has.
  const end = headerBytes + 4 * orderOf(config).reduce((sum, { shape, layered }) => sum + productOf(shape) * (layered ? layers : 1), 0);
  if (end > sizeBytes) refuse(`${end} bytes for hidden ${hidden}, ffn ${ffn}, ${layers} layers and ${vocab} pieces`, sizeBytes);
  return { config, tensors: tableOf(config), end };
};

type Seven = [number, number, number, number, number, number, number];

const productOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Tensors in the order of the file. One that is layered comes once for each layer, all layers in a row. */
const orderOf = ({ hidden, ffn, kvHeads, headDim, vocab, seq, tied }: Llama2cConfig): { name: string; shape: number[]; layered?: boolean }[] => [
  { name: 'model.embed_tokens.weight', shape: [vocab, hidden] },
  { name: 'input_layernorm', shape: [hidden], layered: true },
  { name: 'self_attn.q_proj', shape: [hidden, hidden], layered: true },
  { name: 'self_attn.k_proj', shape: [kvHeads * headDim, hidden], layered: true },
  { name: 'self_attn.v_proj', shape: [kvHeads * headDim, hidden], layered: true },
  { name: 'self_attn.o_proj', shape: [hidden, hidden], layered: true },
  { name: 'post_attention_layernorm', shape: [hidden], layered: true },
  { name: 'mlp.gate_proj', shape: [ffn, hidden], layered: true },
  { name: 'mlp.down_proj', shape: [hidden, ffn], layered: true },
  { name: 'mlp.up_proj', shape: [ffn, hidden], layered: true },
  { name: 'model.norm.weight', shape: [hidden] },
  { name: 'freq_cis_real', shape: [seq, headDim / 2] }, // cosines and sines of the rotary embedding, which nobody needs to read
  { name: 'freq_cis_imag', shape: [seq, headDim / 2] },
  ...(tied ? [] : [{ name: 'lm_head.weight', shape: [vocab, hidden] }]),
];

const tableOf = (config: Llama2cConfig): ReadonlyMap<string, TensorInfo> => {
  const tensors = new Map<string, TensorInfo>();
  let offset = headerBytes;
  for (const { name, shape, layered } of orderOf(config)) {
    const sizeBytes = 4 * productOf(shape);
    for (let layer = 0; layer < (layered ? config.layers : 1); layer++) {
      tensors.set(layered ? `model.layers.${layer}.${name}.weight` : name, { dtype: 'float32', shape, offset, sizeBytes });
      offset += sizeBytes;
    }
  }
  return tensors;
};

const readTokenizer = async (file: FileHandle, from: number, size: number, vocab: number, where: string): Promise<Llama2cTokenizer | undefined> => {
  if (from === size) return undefined;
  if (size - from > tokenizerBytesLimit(vocab))
    throw new FormatError(`${where}: expected at most ${tokenizerBytesLimit(vocab)} bytes for ${vocab} pieces, got ${size - from}; it is not a tokenizer`);
  const bytes = new Uint8Array(size - from);
  await readInto(file, bytes, from, where);
  return parseLlama2cTokenizer(bytes, vocab, where);
};

const openTokenizerBin = async (path: string, vocab: number): Promise<Llama2cTokenizer> => {
  const where = `llama2.c tokenizer ${path}`;
  const file = await openToRead(path, where);
  try {
    const found = await readTokenizer(file, 0, (await file.stat()).size, vocab, where);
    if (!found) throw new FormatError(`${where}: expected ${vocab} pieces, got an empty file; fetch it again`);
    return found;
  } finally {
    await file.close();
  }
};

const readTensor = async (
  path: string,
  tensors: ReadonlyMap<string, TensorInfo>,
  name: string,
  { checkFinite = false }: ReadOptions = {},
): Promise<TensorData> => {
  const where = `llama2.c ${path} tensor ${JSON.stringify(name)}`;
  const info = tensors.get(name);
  if (!info)
    throw new NotFoundError(
      `${where}: expected one of ${tensors.size} tensors, got a name that is not there; the first are ${[...tensors.keys()].slice(0, 5).join(', ')}`,
    );
  const file = await open(path, 'r');
  try {
    const bytes = new Uint8Array(info.sizeBytes);
    await readInto(file, bytes, info.offset, where);
    const data = new Float32Array(bytes.buffer);
    const wrong = checkFinite ? data.findIndex((value) => !Number.isFinite(value)) : -1;
    if (wrong >= 0) throw new FormatError(`${where}: expected finite weights, got NaN or an infinity at value ${wrong}; the file is damaged`);
    return { dtype: 'float32', shape: info.shape, data };
  } finally {
    await file.close();
  }
};
