import type { Node } from '../core/index.ts';

/** What of a sequence was computed before: rows of the cache, and which of them hold something. */
export interface Past {
  /** A layer each: [batch, kvHeads, kvSeq, headDim], keys after their rotation. */
  readonly keys: readonly Node[];
  readonly values: readonly Node[];
  /** [batch, kvSeq] bool */
  readonly mask: Node;
}

export interface CausalInputs {
  /** [batch, seq] int64 */
  readonly ids: Node;
  /** [batch, seq] int64 */
  readonly positions: Node;
  /** [batch, seq] bool: false where a row is filled up. */
  readonly mask: Node;
  readonly past: Past;
  /** [rows] int64, places in the flattened [batch, seq] whose scores are wanted. */
  readonly rows: Node;
}

export interface CausalOutputs {
  /** [rows, vocab] */
  readonly logits: Node;
  /** The new rows of every layer: [batch, kvHeads, seq, headDim]. */
  readonly keys: readonly Node[];
  readonly values: readonly Node[];
}

/** A model that predicts the next token, as generation sees it. */
export interface CausalModel {
  readonly name: string;
  readonly layers: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly vocab: number;
  /** Most tokens of a sequence. */
  readonly context: number;
  readonly build: (inputs: CausalInputs) => CausalOutputs;
}
