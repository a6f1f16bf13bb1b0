// Downstream tasks in JSON Lines: a sample is either answered in the model's own words, or chooses among options.
import { z } from 'zod';
import { FormatError } from './errors.ts';
import { expectOnce, type Line, parseJsonLines, shown } from './json-lines.ts';
import { type AnswerItem, answerConvention, completionAfter, measureAnswers } from './measure-answers.ts';
import type { MeasuredItem } from './measured-item.ts';
import { type AnswerWriter, type CompletionScorer, eachItem, type Prompt, perToken, promptText, type RunOptions } from './model-under-test.ts';

/** A sample that chooses: the most probable option is the answer. */
export interface ChoiceItem {
  readonly id: string;
  readonly group?: string;
  readonly prompt: Prompt;
  readonly options: readonly string[];
  /** Place of the right option. */
  readonly right: number;
}

export type TaskItem = AnswerItem | ChoiceItem;

/** How a file of texts with labels becomes choices. One row a task. */
export const labelTasks = {
  sst2: { prompt: (text: string) => `Review: ${text}\nThe sentiment of this review is`, options: { negative: 'negative', positive: 'positive' } },
  sst5: {
    prompt: (text: string) => `Review: ${text}\nThe sentiment of this review is`,
    options: { 0: 'very negative', 1: 'negative', 2: 'neutral', 3: 'positive', 4: 'very positive' },
  },
  trec: {
    prompt: (text: string) => `Question: ${text}\nThe answer to this question is`,
    options: { ABBR: 'an abbreviation', DESC: 'a description', ENTY: 'a thing', HUM: 'a person', LOC: 'a place', NUM: 'a number' },
  },
} as const satisfies Record<string, { prompt: (text: string) => string; options: Readonly<Record<string, string>> }>;
export type LabelTask = keyof typeof labelTasks;

const text = z.string().trim().min(1);
const common = { id: z.union([text, z.number()]).optional(), task: text.optional() };
const shapes = {
  choice: z.strictObject({ ...common, prompt: text, options: z.array(text).min(2), answer: z.union([text, z.int().nonnegative()]) }),
  answer: z.strictObject({ ...common, prompt: text, answer: text.optional(), answers: z.array(text).min(1).optional() }),
  instruction: z.strictObject({ ...common, instruction: text, input: z.string().optional(), output: z.string() }),
  completion: z.strictObject({ ...common, template: text.optional(), prompt: text, completion: z.string() }),
  label: z.strictObject({ ...common, text, label: z.union([text, z.number()]), fine: z.unknown().optional() }),
  arc: z.looseObject({ ...common, question: text, choices: z.looseObject({ text: z.array(text).min(2), label: z.array(text).min(2) }), answerKey: text }),
};
const hint =
  'a line holds prompt with answer, answers or completion; prompt with options and answer; instruction, input and output; text and label; or question, choices and answerKey';
const record = z.record(z.string(), z.unknown());

const shapeOf = (value: Record<string, unknown>, name: string): keyof typeof shapes => {
  if ('options' in value) return 'choice';
  if ('instruction' in value) return 'instruction';
  if ('completion' in value) return 'completion';
  if ('label' in value) return 'label';
  if ('choices' in value) return 'arc';
  if ('prompt' in value) return 'answer';
  throw new FormatError(`${name}: expected samples of a known shape, got the fields ${Object.keys(value).join(', ') || 'none'}; ${hint}`);
};

/** A sample that cannot be measured, since it has no answer. */
export interface SkippedSample {
  readonly where: string;
  readonly reason: string;
}

/**
 * Samples in JSON Lines, all of one shape, known by their fields. Instructions and completions whose answer is empty are skipped, and said so.
 *
 * @param label  what texts with labels are: which of `labelTasks`
 * @throws FormatError with line, field, what was expected and found
 */
export const parseTaskItems = (
  source: string,
  name: string,
  { label }: { readonly label?: LabelTask } = {},
): { items: TaskItem[]; skipped: SkippedSample[] } => {
  const shape = shapeOf(parseJsonLines(source, name, record, hint)[0]!.value, name);
  const lines = readers[shape](source, name, label);
  expectOnce(lines, 'id', ({ id }) => id);
  const answered = (item: TaskItem): boolean => 'options' in item || item.answers.some((answer) => answer.trim() !== '');
  const [items, empty] = [lines.filter(({ value }) => answered(value)), lines.filter(({ value }) => !answered(value))];
  if (items.length === 0) throw new FormatError(`${name}: expected samples with an answer, got ${empty.length} without; there is nothing to measure`);
  return { items: items.map(({ value }) => value), skipped: empty.map(({ where }) => ({ where, reason: 'its answer is empty' })) };
};

interface Shared {
  readonly id?: string | number | undefined;
  readonly task?: string | undefined;
}

const read = <S extends Shared>(source: string, name: string, schema: z.ZodType<S>, item: (value: S, where: string) => Record<string, unknown>) =>
  parseJsonLines(source, name, schema, hint).map(({ where, value }, i): Line<TaskItem> => {
    const { id = i + 1, task } = value;
    return { where, value: { id: String(id), ...(task !== undefined && { group: task }), ...item(value, where) } as unknown as TaskItem };
  });

const placeOf = (where: string, options: readonly string[], answer: string | number): number => {
  const at = typeof answer === 'number' ? answer : options.indexOf(answer);
  if (!(at >= 0 && at < options.length))
    throw new FormatError(`${where}: answer: expected one of the options ${shown(options)} or its place, got ${shown(answer)}`);
  return at;
};

const readers: Record<keyof typeof shapes, (source: string, name: string, label?: LabelTask) => Line<TaskItem>[]> = {
  choice: (source, name) => read(source, name, shapes.choice, ({ prompt, options, answer }, where) => ({ prompt, options, right: placeOf(where, options, answer) })), // biome-ignore format: a row
  answer: (source, name) =>
    read(source, name, shapes.answer, ({ prompt, answer, answers }, where) => {
      if ((answer === undefined) === (answers === undefined)) throw new FormatError(`${where}: expected either answer or answers, got ${answer === undefined ? 'neither' : 'both'}`); // biome-ignore format: a message
      return { prompt, answers: answers ?? [answer!] };
    }),
  instruction: (source, name) =>
    read(source, name, shapes.instruction, ({ instruction, input, output }) => ({
      prompt: [{ role: 'user', content: input?.trim() ? `${instruction}\n\n${input}` : instruction }],
      answers: [output],
    })),
  completion: (source, name) => read(source, name, shapes.completion, ({ prompt, completion, template }) => ({ ...(template && { group: template }), prompt, answers: [completion] })), // biome-ignore format: a row
  label: (source, name, label) => {
    if (label === undefined) throw new FormatError(`${name}: expected to be told what the labels mean, got texts with labels; say which task it is: ${Object.keys(labelTasks).join(', ')}`); // biome-ignore format: a message
    const { prompt, options } = labelTasks[label];
    const labels = Object.keys(options);
    const words = Object.values(options);
    return read(source, name, shapes.label, ({ text: own, label: given }, where) => ({
      prompt: prompt(own),
      options: words,
      right: placeOf(where, labels, String(given)),
    }));
  },
  arc: (source, name) =>
    read(source, name, shapes.arc, ({ question, choices, answerKey }, where) => ({
      prompt: `Question: ${question}\nAnswer:`,
      options: choices.text,
      right: placeOf(where, choices.label, answerKey),
    })),
};

/** Puts every prompt that is a text to the model as a message. */
export const asMessages = (items: readonly TaskItem[]): TaskItem[] =>
  items.map((item) => (typeof item.prompt === 'string' ? { ...item, prompt: [{ role: 'user', content: item.prompt }] } : item));

export const taskConvention = `${answerConvention}. accuracy: the right option is the most probable, by the sum over its tokens; accuracy-per-token: by the mean; margin: over the best wrong option; chance: accuracy of drawing`;

/** Measures samples of either kind, in the order given. @param model.write  without it answers are not written, only scored */
export const measureTasks = async (
  items: readonly TaskItem[],
  model: { readonly write?: AnswerWriter; readonly score: CompletionScorer },
  { onProgress, ...run }: RunOptions = {},
): Promise<MeasuredItem[]> => {
  const choices = items.filter((item): item is ChoiceItem => 'options' in item);
  const answers = items.filter((item): item is AnswerItem => !('options' in item));
  const from = (before: number): RunOptions => ({
    ...run,
    ...(onProgress && { onProgress: (done) => onProgress(before + done, items.length) }),
  });
  const measured = [...(await measureChoices(choices, model.score, from(0))), ...(await measureAnswers(answers, model, from(choices.length)))];
  const byId = new Map(measured.map((item) => [item.id, item]));
  return items.flatMap(({ id }) => byId.get(id) ?? []);
};

const measureChoices = (items: readonly ChoiceItem[], score: CompletionScorer, run: RunOptions): Promise<MeasuredItem[]> =>
  eachItem(
    items,
    2, // one is prepared while the other is computed
    async ({ id, group, prompt, options, right }) => {
      const scores = await score(
        prompt,
        options.map((one) => completionAfter(prompt, one)),
      );
      const best = (figures: readonly number[]): number => figures.reduce((top, figure, i) => (figure > figures[top]! ? i : top), 0);
      const [sums, means] = [scores.map(({ logprob }) => logprob), scores.map(perToken)];
      return {
        id,
        ...(group !== undefined && { group }),
        prompt: promptText(prompt),
        gold: options[right]!,
        answer: options[best(sums)]!,
        values: {
          accuracy: Number(best(sums) === right),
          'accuracy-per-token': Number(best(means) === right),
          margin: sums[right]! - Math.max(...sums.filter((_, i) => i !== right)),
          chance: 1 / options.length,
        },
      };
    },
    run,
  );
