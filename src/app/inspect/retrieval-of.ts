import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { builtinStories, type RetrievalOptions, type RetrievalResult, readStories, type StoryData, studyRetrieval } from '../../inspect/index.ts';
import { keepStudy, keptStudy } from './keep-retrieval.ts';
import type { InspectedLanguageModel } from './open-inspected.ts';

export interface RetrievalOf extends RetrievalResult {
  readonly model: string;
  readonly weights: string;
  readonly seconds: number;
}

export interface RetrievalOfOptions extends Omit<RetrievalOptions, 'stories' | 'kept' | 'onKept'> {
  /** Stories and questions of your own: two JSON files, as `lyceum inspect orion --stories` takes them. */
  readonly stories?: { readonly stories: string; readonly questions: string } | undefined;
  /** Where every finished story is kept: the next study with the same settings goes on from there. Default: nothing is kept. */
  readonly folder?: string | undefined;
}

/** The case study of question answering on stories, prompts as they are. @throws as `studyRetrieval` · FormatError for files of stories that do not fit */
export const retrievalOf = async (model: InspectedLanguageModel, { stories, folder, ...options }: RetrievalOfOptions = {}): Promise<RetrievalOf> => {
  const begun = performance.now();
  const data = stories ? await readStories(stories.stories, stories.questions) : builtinStories();
  const { seed = 0, signal: _signal, onProgress: _onProgress, ...settings } = options;
  const parts = await model.parts();
  const about = { model: model.name, weights: model.weights };
  const study = (kept: Pick<RetrievalOptions, 'kept' | 'onKept'>): Promise<RetrievalResult> =>
    studyRetrieval(parts, model.tokenizer, { ...options, stories: data, ...kept });
  if (folder === undefined) return { ...about, ...(await study({})), seconds: (performance.now() - begun) / 1000 };
  await mkdir(folder, { recursive: true });
  const key = await keyOf(model, settings, data);
  const earlier = await keptStudy(folder, seed, key);
  let seconds = earlier?.seconds ?? 0;
  const found = await study({
    kept: earlier?.study,
    onKept: async (kept) => {
      seconds = (earlier?.seconds ?? 0) + (performance.now() - begun) / 1000;
      await keepStudy(folder, seed, key, { study: kept, seconds });
    },
  });
  return { ...about, ...found, seconds };
};

/** Of everything a study's figures depend on, but its seed. */
const keyOf = async (model: InspectedLanguageModel, settings: object, data: StoryData): Promise<string> =>
  createHash('sha256')
    .update(JSON.stringify([await model.identity(), model.weights, settings, data, data.stories.map(({ story }) => model.tokenizer.encode(story))]))
    .digest('hex');
