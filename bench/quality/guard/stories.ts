import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { builtinStories, openDraw, readStories, type StoryData } from '../../../src/inspect/index.ts';
import { cities, type Distractor, distractorNames, distractors } from './distractors.ts';

const folder = process.env.LYCEUM_DATA ?? fileURLToPath(new URL('../../../../shared/data', import.meta.url));

/** The original stories of nanoQA; LYCEUM_DATA names the data's folder. @throws where it is not there */
export const originalStories = async (): Promise<StoryData> => {
  const [stories, questions] = ['nanostories_5.json', 'questions.json'].map((name) => `${folder}/orion/${name}`) as [string, string];
  if (!existsSync(stories)) throw new Error(`bench quality/guard: expected stories at ${stories}, got nothing there; name the data's folder with LYCEUM_DATA`);
  return readStories(stories, questions);
};

export interface Attacked {
  readonly story: string;
  readonly city: string;
  readonly distractor: Distractor;
  /** The city that the distractor names. */
  readonly wrong: string;
  /** The paragraph; '' for none. */
  readonly paragraph: string;
}

/** Every story with each distractor, towards another city, or with `collision` towards its own. */
export const attackedStories = (
  { stories }: StoryData,
  { seed, count, collision = false }: { readonly seed: number; readonly count: number; readonly collision?: boolean },
): Attacked[] => {
  const draw = openDraw(seed);
  return stories.slice(0, count).flatMap(({ story, seed: values }) =>
    distractorNames.map((distractor) => {
      const city = values['city']!;
      const wrong = collision ? city : draw.pick(cities.filter((one) => one !== city));
      return { story, city, distractor, wrong, paragraph: distractors[distractor](wrong) };
    }),
  );
};

/** Stories of ours, set in a city that no other story is in: what is trusted. */
export const trustedStories = async (count: number): Promise<string[]> => {
  const { stories } = await builtinStories();
  return stories.slice(0, count).map(({ story, seed }) => story.replaceAll(seed['city']!, trustedCity));
};
export const trustedCity = 'Madrid';
