import { openLanguageModelApart } from '../../../src/app/language-model/open-language-model-apart.ts';
import { type MeasuredItem, measureAnswers, type Prompt, rankFacts } from '../../../src/evaluate/index.ts';
import type { Tests } from './data.ts';

/** What was measured of one set of items, item by item in the order of the set. */
export interface ItemFigures {
  /** A digit an item: 1 right, 0 not. */
  readonly right: string;
  /** Of facts: how much more probable the right one is than the best wrong one; of answers: the log-probability of a token of the right one. Two decimals. */
  readonly scores: readonly number[];
  /** Of answers that are written: words in common with the right one. */
  readonly f1?: readonly number[];
}
export type Measured = Readonly<Record<'facts' | 'relations' | 'questions' | 'tasks', ItemFigures>>;

const rounded = (value: number): number => Math.round(value * 100) / 100;
const digits = (items: readonly MeasuredItem[], name: string): string => items.map(({ values }) => values[name]!).join('');
const figures = (items: readonly MeasuredItem[], name: string): number[] => items.map(({ values }) => rounded(values[name]!));

/** Asks a model with an adapter, or without, everything. Weights are floats, whatever it was trained beside. */
export const measureCell = async (
  model: string,
  adapter: string | undefined,
  tests: Tests,
  { threads, onStage }: { readonly threads: number; readonly onStage?: (stage: string) => void },
): Promise<Measured> => {
  await using opened = await openLanguageModelApart(model, { threads, weights: 'f32', ...(adapter !== undefined && { adapter }) });
  const score = (prompt: Prompt, completions: readonly string[]) => opened.scoreCompletions(prompt, completions);
  const write = (maxTokens: number, stop?: string[]) => async (prompt: Prompt) =>
    (await opened.generate({ prompt: prompt as string, maxTokens, ...(stop && { stop }) })).text;
  onStage?.('facts');
  const facts = await rankFacts(tests.facts, score);
  onStage?.('relations');
  const relations = await rankFacts(tests.relations, score);
  onStage?.('questions');
  const questions = await measureAnswers(tests.questions, { write: write(16, ['\n']), score });
  onStage?.('tasks');
  const tasks = await measureAnswers(tests.tasks, { write: write(24), score });
  const ranked = (items: readonly MeasuredItem[]): ItemFigures => ({ right: digits(items, 'accuracy'), scores: figures(items, 'margin') });
  const answered = (items: readonly MeasuredItem[]): ItemFigures => ({
    right: digits(items, 'exact-match'),
    scores: figures(items, 'gold-logprob-per-token'),
    f1: figures(items, 'word-f1'),
  });
  return { facts: ranked(facts), relations: ranked(relations), questions: answered(questions), tasks: answered(tasks) };
};
