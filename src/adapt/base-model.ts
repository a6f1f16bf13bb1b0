import type { Program } from '../core/index.ts';
import type { CausalTokenizer } from '../formats/index.ts';
import type { CausalSource } from '../models/index.ts';
import type { Binding } from '../runtime/index.ts';

/** How the frozen weights of a model in training are held: as floats, or as whole numbers that gradients go back through too. */
export type FrozenWeights = 'f32' | 'int8';

/** An open language model as training sees it. */
export interface BaseModel {
  readonly name: string;
  /** Of its weights: an adapter belongs to it alone. */
  readonly sha256: string;
  readonly source: CausalSource;
  readonly tokenizer: CausalTokenizer;
  /** Of its file or of the catalogue. */
  readonly chatTemplate: string | undefined;
  /**
   * A program that reads its frozen weights as they are held.
   *
   * @param trained  parameters that are no weights of the model, or are to change: they keep their names and are bound by the caller
   */
  hold(program: Program, weights: FrozenWeights, trained: ReadonlySet<string>): HeldProgram;
}

export interface HeldProgram {
  readonly program: Program;
  /** What its frozen weights are bound to; made, or found where they were made before. */
  bindings(): Promise<ReadonlyMap<string, Binding>>;
}
