import type { Node } from '../core/index.ts';
import type { CacheShape, CausalInputs } from '../nn/index.ts';

/** A model that predicts the next token, as generation sees it: the language models of `models/` are such. */
export interface CausalModel {
  readonly name: string;
  readonly config: CacheShape & {
    readonly vocab: number;
    /** Ids from `vocab` on that a prompt may have: tokens that are read and never predicted. */
    readonly virtualTokens?: number;
    /** Most tokens of a text. */
    readonly positions: number;
  };
  /** Scores [rows, vocab] of the rows asked for, and the new rows of every layer's cache, [batch, kvHeads, seq, headDim]. */
  readonly build: (inputs: CausalInputs) => { readonly logits: Node; readonly keys: readonly Node[]; readonly values: readonly Node[] };
}
