import { containsAnswer, matchesExactly, wordF1 } from './answer-text.ts';
import type { MeasuredItem } from './measured-item.ts';
import { type AnswerWriter, type CompletionScorer, eachItem, type Prompt, perToken, promptText, type RunOptions } from './model-under-test.ts';

/** A question that a model answers in its own words. */
export interface AnswerItem {
  readonly id: string;
  readonly group?: string;
  readonly prompt: Prompt;
  /** What people read; the prompt unless told. */
  readonly question?: string;
  /** Any of them is right. */
  readonly answers: readonly string[];
}

export const answerConvention = [
  'exact-match: after lower-casing and without punctuation, articles and extra white space, equal to any gold answer',
  'contains: the words of any gold answer stand in the answer, in order',
  'word-f1: best F1 of words over gold answers',
  'gold-logprob-per-token: natural, of that gold answer which is the most probable by token',
].join('. ');

const atOnce = 32; // a model computes several together

/**
 * Lets a model answer, and asks how probable it finds the gold answers.
 *
 * @param model.write  without it answers are not written, only scored
 */
export const measureAnswers = (
  items: readonly AnswerItem[],
  { write, score }: { readonly write?: AnswerWriter; readonly score?: CompletionScorer },
  run: RunOptions = {},
): Promise<MeasuredItem[]> =>
  eachItem(
    items,
    atOnce,
    async ({ id, group, prompt, question, answers }) => {
      const answer = write && (await write(prompt)).trim();
      const scores = await score?.(
        prompt,
        answers.map((one) => completionAfter(prompt, one)),
      );
      return {
        id,
        ...(group !== undefined && { group }),
        prompt: question ?? promptText(prompt),
        gold: answers.join(' | '),
        answer: answer ?? '',
        values: {
          ...(answer !== undefined && {
            'exact-match': Number(matchesExactly(answer, answers)),
            contains: Number(containsAnswer(answer, answers)),
            'word-f1': wordF1(answer, answers),
          }),
          ...(scores && { 'gold-logprob-per-token': Math.max(...scores.map(perToken)) }),
        },
      };
    },
    run,
  );

/** What follows a prompt: after a text that does not end in white space a space comes first, after a conversation nothing does. */
export const completionAfter = (prompt: Prompt, text: string): string =>
  typeof prompt === 'string' && !/\s$/.test(prompt) && !/^\s/.test(text) ? ` ${text}` : text;
