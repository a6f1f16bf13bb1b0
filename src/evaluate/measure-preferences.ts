import { completionAfter } from './measure-answers.ts';
import type { MeasuredItem } from './measured-item.ts';
import { type CompletionScorer, eachItem, type Prompt, promptText, type RunOptions } from './model-under-test.ts';

/** Two answers to one prompt, one of them the better. */
export interface PreferenceItem {
  readonly id: string;
  readonly group?: string;
  readonly prompt: Prompt;
  readonly chosen: string;
  readonly rejected: string;
}

/** Asks which of two answers is the likelier, by natural logarithms summed over tokens: `accuracy` 1 where it is the chosen one, a tie is 0; `margin` by how much. */
export const measurePreferences = (items: readonly PreferenceItem[], score: CompletionScorer, run: RunOptions = {}): Promise<MeasuredItem[]> =>
  eachItem(
    items,
    2, // one is prepared while the other is computed
    async ({ id, group, prompt, chosen, rejected }) => {
      const [better, worse] = await score(
        prompt,
        [chosen, rejected].map((one) => completionAfter(prompt, one)),
      );
      const margin = better!.logprob - worse!.logprob;
      return {
        id,
        ...(group !== undefined && { group }),
        prompt: promptText(prompt),
        gold: chosen,
        answer: margin > 0 ? chosen : rejected,
        values: { accuracy: Number(margin > 0), margin },
      };
    },
    run,
  );
