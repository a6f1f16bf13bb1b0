import { ConfigError } from '../../core/index.ts';
import { makeDataset } from '../orion/dataset.ts';
import { openDraw } from '../orion/draw.ts';
import type { Encoder } from '../orion/first-token.ts';
import { evaluate } from '../orion/table.ts';
import type { OrionTask } from '../orion/task.ts';
import { questionTasks } from '../orion/tasks/question-answering.ts';
import type { StoryData } from '../orion/tasks/stories.ts';

/** An encoder that also says where in the text each token ends. */
export interface OffsetEncoder extends Encoder {
  encodeWithOffsets(text: string): { readonly ids: readonly number[]; readonly ends: readonly number[] };
}

/** A story, asked for each of its variables. */
export interface StudyStory {
  /** By variable: tokens of the prompt that asks for it. They begin alike, to the end of the story and further. */
  readonly prompts: ReadonlyMap<string, readonly number[]>;
  /** By variable: its value, the token that begins that as an answer, and the places of the value's tokens in the story. */
  readonly values: ReadonlyMap<string, { readonly value: string; readonly token: number; readonly places: readonly number[] }>;
  /** Places of the story's tokens: from, and up to. */
  readonly span: readonly [from: number, to: number];
}

/**
 * Stories of the base form of question answering, the same story asked for every variable.
 *
 * @param count  of stories, drawn without replacement
 * @throws ConfigError as `makeDataset`, and where there are fewer stories
 */
export const studyStories = (data: StoryData, encoder: OffsetEncoder, { count, seed }: { readonly count: number; readonly seed: number }): StudyStory[] => {
  const variables = [...new Set(data.questions.map(({ variable }) => variable))];
  if (!(count >= 2 && count <= data.stories.length))
    throw new ConfigError(`retrieval: expected 2 to ${data.stories.length} stories, got ${count}; choose a number of prompts among these`);
  const stories = openDraw(seed).shuffle(data.stories).slice(0, count);
  const task: OrionTask = {
    family: 'retrieval',
    variant: 'stories',
    answers: new Map([['spacedName', ' ']]),
    draft: (_, draw, reader) => ({
      prompts: stories.flatMap((story) =>
        variables.map((variable) => {
          const question = draw.pick(data.questions.filter((one) => one.variable === variable));
          const [base] = questionTasks({ stories: [story], questions: [question] }, { asked: [variable] });
          return {
            text: base!.draft(1, openDraw(0), reader).prompts[0]!.text,
            request: requestOf(variable),
            context: variables.map((name) => [
              { name: 'variable', value: name },
              { name: 'spacedName', value: story.seed[name]! },
            ]),
          };
        }),
      ),
    }),
  };
  const { prompts } = makeDataset(task, encoder, { count: count * variables.length, seed });
  return stories.map(({ story, seed: told }, i) => {
    const own = prompts.slice(i * variables.length, (i + 1) * variables.length);
    const { text, context } = own[0]!;
    const { ids, ends } = encoder.encodeWithOffsets(text);
    const begin = text.indexOf(story);
    const placesOf = (from: number, to: number): number[] => [...ids.keys()].filter((place) => ends[place]! > from && (ends[place - 1] ?? 0) < to);
    const within = placesOf(begin, begin + story.length);
    const span = [within[0]!, within.at(-1)! + 1] as const;
    for (const other of own)
      if (ids.slice(0, span[1]).some((id, place) => other.ids[place] !== id))
        throw new ConfigError('retrieval: expected prompts on one story that begin with the same tokens, got others; this tokenizer joins story and question');
    const values = variables.map((variable) => {
      const value = told[variable]!;
      const places = new Set<number>();
      for (let at = story.indexOf(value); at >= 0; at = story.indexOf(value, at + 1))
        for (const place of placesOf(begin + at, begin + at + value.length)) places.add(place);
      return [variable, { value, token: evaluate(requestOf(variable), context), places: [...places] }] as const;
    });
    return { prompts: new Map(variables.map((variable, v) => [variable, own[v]!.ids])), values: new Map(values), span };
  });
};

const requestOf = (variable: string) => ({ ask: 'spacedName', where: [['variable', variable]] as const });
