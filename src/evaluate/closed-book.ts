import { z } from 'zod';
import { FormatError } from './errors.ts';
import { expectOnce, parseJsonLines } from './json-lines.ts';
import type { AnswerItem } from './measure-answers.ts';
import type { Prompt } from './model-under-test.ts';

/** A question of general knowledge, asked without a text to find the answer in. */
export interface Question {
  readonly id: string;
  readonly question: string;
  /** Any of them is right. */
  readonly answers: readonly string[];
}

const text = z.string().trim().min(1);
const line = z
  .strictObject({
    id: z.union([text, z.number()]).optional(),
    question: text,
    answer: text.optional(),
    answers: z.array(text).min(1).optional(),
    /** Of the NQ and EfficientQA test files: what people also found right. */
    answers_human_ok: z.array(text).optional(),
  })
  .refine(({ answer, answers }) => (answer === undefined) !== (answers === undefined), 'expected either answer or answers');

/**
 * Questions in JSON Lines: `{"question", "answer" | "answers"}`, perhaps with an `id`; without one an id is the line's number.
 *
 * @param name  what messages call the file
 * @throws FormatError with line, field, what was expected and found
 */
export const parseQuestions = (source: string, name: string): Question[] => {
  const lines = parseJsonLines(source, name, line, 'a line holds question, and answer or answers');
  const questions = lines.map(({ where, value: { id, question, answer, answers, answers_human_ok = [] } }, i) => ({
    where,
    value: { id: String(id ?? i + 1), question, answers: [...new Set(answers ? [...answers, ...answers_human_ok] : [answer!])] },
  }));
  expectOnce(questions, 'id', ({ id }) => id);
  return questions.map(({ value }) => value);
};

/** Examples that show how short an answer is wanted. */
const shots: readonly (readonly [question: string, answer: string])[] = [
  ['how many days are there in a week?', 'seven'],
  ['who painted the mona lisa?', 'Leonardo da Vinci'],
  ['what do bees make from nectar?', 'honey'],
  ['where does the statue of liberty stand?', 'New York City'],
];

/** How a question is put to a model: `shots`, a text with four answered questions before it; `chat`, a message. */
export type QuestionStyle = 'shots' | 'chat';

const promptOf = (question: string, style: QuestionStyle): Prompt => {
  const asked = /\?\s*$/.test(question) ? question : `${question}?`;
  if (style === 'chat') return [{ role: 'user', content: `Answer the question in a few words.\n\n${asked}` }];
  return `${shots.map(([q, a]) => `Question: ${q}\nAnswer: ${a}\n\n`).join('')}Question: ${asked}\nAnswer:`;
};

/** Questions as items for `measureAnswers`. @throws FormatError for an unknown style */
export const questionItems = (questions: readonly Question[], style: QuestionStyle): AnswerItem[] => {
  if (style !== 'shots' && style !== 'chat') throw new FormatError(`closed-book: expected the style shots or chat, got ${style}`);
  return questions.map(({ id, question, answers }) => ({ id, question, answers, prompt: promptOf(question, style) }));
};
