import type { Draw } from './draw.ts';
import type { Reader } from './first-token.ts';
import type { Context, Request } from './table.ts';

/** A prompt before tokens: the text up to where the answer begins, what it asks and the table of what it tells. */
export interface Draft {
  readonly text: string;
  readonly request: Request;
  readonly context: Context;
}

export interface Drafts {
  readonly prompts: readonly Draft[];
  /** What was left out because the tokenizer cannot tell it apart, and why. */
  readonly dropped?: readonly string[];
}

/** A retrieval task: prompts of one shape, each a request and a context. */
export interface OrionTask {
  readonly family: string;
  readonly variant: string;
  /** The attributes that can be answers, and what stands between a prompt and such an answer. */
  readonly answers: ReadonlyMap<string, '' | ' '>;
  /** Drafts of `count` prompts. @throws ConfigError where the tokenizer cannot tell answers apart */
  draft(count: number, draw: Draw, reader: Reader): Drafts;
}

/** What messages call a task. */
export const nameOf = ({ family, variant }: { readonly family: string; readonly variant: string }): string => `orion ${family}/${variant}`;
