import { cast, concat, div, matmul, maximum, type Node, nameOf, ShapeError, slice, squeeze, sum, unsqueeze } from '../core/index.ts';
import type { Binding, Engine, TensorData } from '../runtime/index.ts';

/** A model that turns ids into states: what `models/` builds, with its weights. */
export interface EncoderModel {
  /** [batch, seq] int64, a program input. */
  readonly ids: Node;
  /** [batch, seq] bool, a program input. */
  readonly mask: Node;
  /** [batch, seq, hidden]. */
  readonly hidden: Node;
  readonly bindings: ReadonlyMap<string, Binding>;
  /** Most ids a sequence may have. */
  readonly maxTokens: number;
}

export interface EncoderOptions {
  /** Padded ids in one call, at most (a longer sequence goes alone). Default 4096. */
  readonly batchTokens?: number;
  /** `mean` of the states of all its ids (default), or the `first` one's. */
  readonly pooling?: 'mean' | 'first';
}

export interface Encoder extends AsyncDisposable {
  /** Length of a vector. */
  readonly width: number;
  /**
   * One vector [width] for each sequence, in order. A sequence gives the same vector, bit for bit, whatever stands beside it.
   *
   * @throws ShapeError for a sequence without ids, or with more than the model takes
   */
  encode(sequences: readonly (readonly number[])[]): Promise<Float32Array[]>;
}

/**
 * Mean over the tokens that exist. A product and not a sum over an axis, and of two equal rows: where there is one row only onnxruntime takes kernels that add in another order.
 *
 * @param hidden  [batch, seq, hidden]
 * @param mask    [batch, seq] bool
 * @returns       [batch, hidden]
 */
export const meanPool = (hidden: Node, mask: Node): Node => {
  const exists = unsqueeze(cast(mask, hidden.dtype), 1); // [batch, 1, seq]
  const weights = div(exists, maximum(sum(exists, [2], { keepDims: true }), 1));
  const twice = matmul(concat([weights, weights], 1), hidden); // [batch, 2, hidden]
  return squeeze(slice(twice, 1, 0, 1), 1);
};

/**
 * Compiles a model for encoding. Sequences are sorted by length and padded to the longest of their batch.
 *
 * @throws what `Engine.compile` throws
 */
export const openEncoder = async (engine: Engine, model: EncoderModel, { batchTokens = 4096, pooling = 'mean' }: EncoderOptions = {}): Promise<Encoder> => {
  const { ids, mask, hidden, maxTokens } = model;
  const width = hidden.shape.at(-1);
  if (typeof width !== 'number') throw new ShapeError(`encoder: expected states of known width, got [${hidden.shape.join(', ')}]`);
  const vectors = pooling === 'mean' ? meanPool(hidden, mask) : squeeze(slice(hidden, 1, 0, 1), 1);
  const executable = await engine.compile({ name: `encode ${pooling}`, outputs: { vectors } }, model.bindings, { arena: true });
  return {
    width,
    async encode(sequences) {
      for (const [i, { length }] of sequences.entries())
        if (length === 0 || length > maxTokens) throw new ShapeError(`encode: expected 1 to ${maxTokens} ids in sequence ${i}, got ${length}; split the text`);
      const found = new Array<Float32Array>(sequences.length);
      for (const batch of batchesOf(sequences, batchTokens)) {
        const feeds = pad(batch.map((i) => sequences[i]!));
        const { vectors: out } = await executable.run({ [nameOf(ids)]: feeds.ids, [nameOf(mask)]: feeds.mask });
        for (const [row, i] of batch.entries()) found[i] = (out!.data as Float32Array).slice(row * width, (row + 1) * width);
      }
      return found;
    },
    [Symbol.asyncDispose]: () => executable[Symbol.asyncDispose](),
  };
};

/** Positions of the sequences, longest first, cut into batches of at most `tokens` padded ids. */
export const batchesOf = (sequences: readonly (readonly number[])[], tokens: number): number[][] => {
  const order = sequences.map((_, i) => i).sort((a, b) => sequences[b]!.length - sequences[a]!.length || a - b);
  const batches: number[][] = [];
  for (let at = 0; at < order.length; ) {
    const rows = Math.max(1, Math.floor(tokens / sequences[order[at]!]!.length));
    batches.push(order.slice(at, at + rows));
    at += rows;
  }
  return batches;
};

/**
 * Sequences as [batch, seq] ids and mask, seq even: a product of a single row takes another kernel, with other last bits, and so does the row left over where 4-bit products are cut into parts of 128 rows
 * for several threads.
 */
const pad = (sequences: readonly (readonly number[])[]): { ids: TensorData; mask: TensorData } => {
  const longest = Math.max(2, ...sequences.map(({ length }) => length));
  const seq = longest + (longest % 2);
  const shape = [sequences.length, seq];
  const ids = new BigInt64Array(sequences.length * seq);
  const mask = new Uint8Array(ids.length);
  for (const [row, sequence] of sequences.entries())
    for (const [t, id] of sequence.entries()) {
      ids[row * seq + t] = BigInt(id);
      mask[row * seq + t] = 1;
    }
  return { ids: { dtype: 'int64', shape, data: ids }, mask: { dtype: 'bool', shape, data: mask } };
};
