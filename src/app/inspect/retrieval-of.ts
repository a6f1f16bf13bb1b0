import { type RetrievalOptions, type RetrievalResult, readStories, studyRetrieval } from '../../inspect/index.ts';
import type { InspectedLanguageModel } from './open-inspected.ts';

export interface RetrievalOf extends RetrievalResult {
  readonly model: string;
  readonly weights: string;
  readonly seconds: number;
}

export interface RetrievalOfOptions extends Omit<RetrievalOptions, 'stories'> {
  /** Stories and questions of your own: two JSON files, as `lyceum inspect orion --stories` takes them. */
  readonly stories?: { readonly stories: string; readonly questions: string } | undefined;
}

/** The case study of question answering on stories, prompts as they are. @throws as `studyRetrieval` · FormatError for files of stories that do not fit */
export const retrievalOf = async (model: InspectedLanguageModel, { stories, ...options }: RetrievalOfOptions = {}): Promise<RetrievalOf> => {
  const begun = performance.now();
  const data = stories && (await readStories(stories.stories, stories.questions));
  const found = await studyRetrieval(await model.parts(), model.tokenizer, { ...options, ...(data && { stories: data }) });
  return { model: model.name, weights: model.weights, ...found, seconds: (performance.now() - begun) / 1000 };
};
