import type { GuardSettings } from '../../guard/index.ts';
import type { LanguageModel } from '../language-model/index.ts';

/** A model that lies on this machine. */
export interface LocalModel {
  readonly name: string;
  readonly sizeBytes: number;
  readonly licence: string | null;
  readonly family: string | null;
  readonly parameters: number | null;
  /** Most tokens of a text. */
  readonly context: number | null;
  /** It writes text; others make vectors of it. */
  readonly generates: boolean;
}

/** The language models of this machine, and how to open one. */
export interface LocalModels {
  list(): Promise<{
    readonly models: readonly LocalModel[];
    /** Those of the catalogue that can be pulled. */
    readonly available: readonly { readonly name: string; readonly about: string; readonly sizeBytes: number; readonly licence: string }[];
  }>;
  /** Opens a model away from this thread, with the adapter of a folder and a guard where they are given. Rejects with the signal's reason once it is aborted. */
  open(
    name: string,
    options: { readonly slots: number; readonly signal: AbortSignal; readonly adapter?: string; readonly guard?: GuardSettings },
  ): Promise<LanguageModel>;
}
