import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { FormatError } from '../../../core/index.ts';
import { openDraw } from '../draw.ts';
import { shown } from '../table.ts';
import { parseJson, readJson } from './read-json.ts';
import { fillSlots } from './slots.ts';

const text = z.string().trim().min(1);
const storySchema = z.strictObject({
  id: z.number().int(),
  /** Stories of the same template tell things in the same order. */
  template: z.number().int(),
  /** Variable → its value, which the story holds. */
  seed: z.record(text, text),
  story: text,
});
const questionSchema = z.strictObject({ variable: text, question: text, answer_prefix: text });
const ownSchema = z.strictObject({
  orionStories: z.literal(1),
  about: text,
  variables: z.record(text, z.array(text).min(1)),
  questions: z.array(questionSchema).min(1),
  stories: z.array(z.array(z.array(text).min(1)).min(1)).min(1),
});

/** A story and the values of the variables that it tells. */
export type Story = z.output<typeof storySchema>;
/** A wording of the question for a variable, and how its answer begins. */
export type StoryQuestion = z.output<typeof questionSchema>;

export interface StoryData {
  readonly stories: readonly Story[];
  readonly questions: readonly StoryQuestion[];
}

/**
 * Stories and questions as JSON documents, in the shape in which the original ones are found.
 *
 * @throws FormatError with the field, what was expected and found; or where a story has no value for a variable that can be asked, or does not hold it
 */
export const parseStories = (storiesJson: unknown, questionsJson: unknown, where = 'orion stories'): StoryData => {
  const stories = parseJson(storiesJson, where, z.array(storySchema).min(1));
  const questions = parseJson(questionsJson, `${where} questions`, z.array(questionSchema).min(1));
  for (const variable of new Set(questions.map((question) => question.variable)))
    for (const [place, { seed, story }] of stories.entries()) {
      const value = seed[variable];
      if (value === undefined || !story.includes(value))
        throw new FormatError(
          `${where}: ${place}.seed.${variable}: expected a value that the story holds, got ${shown(value)}; the questions ask ${variable} of every story`,
        );
    }
  return { stories, questions };
};

/**
 * The same from two files, those of the original collection for instance (`nanostories_5.json`, `questions.json`).
 *
 * @throws FormatError as `parseStories`, and where a file is no JSON; what the file system says
 */
export const readStories = async (storiesPath: string, questionsPath: string): Promise<StoryData> =>
  parseStories(readJson(await readFile(storiesPath, 'utf8'), storiesPath), readJson(await readFile(questionsPath, 'utf8'), questionsPath), storiesPath);

const ownPath = fileURLToPath(new URL('../../../../models/orion/stories.json', import.meta.url));
const ownCount = 100;

/** The 100 stories that ship with Lyceum, made of wordings and values drawn once and for all. */
export const builtinStories = (): StoryData => {
  const { variables, questions, stories: templates } = parseJson(readJson(readFileSync(ownPath, 'utf8'), ownPath), ownPath, ownSchema);
  const draw = openDraw(1);
  const found = new Map<string, Story>();
  while (found.size < ownCount) {
    const id = found.size;
    const template = id % templates.length;
    const seed = Object.fromEntries(Object.entries(variables).map(([variable, values]) => [variable, draw.pick(values)]));
    const wording = templates[template]!.map((wordings) => draw.pick(wordings)).join(' ');
    const story = fillSlots(ownPath, wording, new Map(Object.entries(seed)));
    if (!found.has(story)) found.set(story, { id, template, seed, story });
  }
  return parseStories([...found.values()], questions, ownPath);
};
