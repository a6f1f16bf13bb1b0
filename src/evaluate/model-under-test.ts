import type { ChatMessage } from '../formats/index.ts';

/** A text to continue, or a conversation to answer. */
export type Prompt = string | readonly ChatMessage[];

/** How probable a completion is: natural logarithms, the sum and its tokens. */
export interface CompletionScore {
  readonly logprob: number;
  readonly tokenLogprobs: readonly number[];
}

/** Scores completions of one prompt, in the order given. */
export type CompletionScorer = (prompt: Prompt, completions: readonly string[]) => Promise<readonly CompletionScore[]>;

/** Writes a model's answer to a prompt. */
export type AnswerWriter = (prompt: Prompt) => Promise<string>;

export interface RunOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
  /** Hears of items that a model cannot be asked, being longer than its context; they are left out. Without it such an item ends the measuring. */
  readonly onUnfit?: (id: string, reason: string) => void;
}

/** A prompt as people read it. */
export const promptText = (prompt: Prompt): string => {
  const content = typeof prompt === 'string' ? prompt : (prompt.at(-1)?.content ?? '');
  return typeof content === 'string' ? content : JSON.stringify(content);
};

/** Mean logarithm of a token's probability. */
export const perToken = ({ logprob, tokenLogprobs }: CompletionScore): number => logprob / tokenLogprobs.length;

/** Works on all items, `atOnce` at a time; results in the order given, without those of items that do not fit. @throws the signal's reason, and what `work` throws */
export const eachItem = async <T extends { readonly id: string }, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T, index: number) => Promise<R>,
  { signal, onProgress, onUnfit }: RunOptions = {},
): Promise<R[]> => {
  const results: (R | undefined)[] = [];
  let [next, done] = [0, 0];
  const lane = async (): Promise<void> => {
    try {
      while (next < items.length) {
        signal?.throwIfAborted();
        const at = next++;
        try {
          results[at] = await work(items[at]!, at);
        } catch (error) {
          const { code, message } = error as { code?: string; message: string };
          if (code !== 'CONFIG' || !onUnfit) throw error;
          onUnfit(items[at]!.id, message);
        }
        onProgress?.(++done, items.length);
      }
    } finally {
      next = items.length; // where one failed, the others begin nothing more
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, lane));
  return results.filter((result) => result !== undefined);
};
