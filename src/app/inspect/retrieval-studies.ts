import { ConfigError } from '../../core/index.ts';
import { overSeeds, type RetrievalOverSeeds } from '../../inspect/index.ts';
import type { InspectedLanguageModel } from './open-inspected.ts';
import { type RetrievalOf, type RetrievalOfOptions, retrievalOf } from './retrieval-of.ts';

export interface RetrievalStudies {
  readonly model: string;
  readonly weights: string;
  readonly seeds: readonly number[];
  /** Over the seeds: means, the least and the greatest. */
  readonly over: RetrievalOverSeeds;
  /** A seed each. */
  readonly studies: readonly RetrievalOf[];
}

export interface RetrievalStudiesOptions extends Omit<RetrievalOfOptions, 'seed'> {
  /** Each draws stories, sources and baselines of its own. Default 0 alone. */
  readonly seeds?: readonly number[] | undefined;
}

/** The case study with several seeds, one after another. @throws as `retrievalOf` · ConfigError for no seed, or the same twice */
export const retrievalStudies = async (
  model: InspectedLanguageModel,
  { seeds = [0], onProgress, ...options }: RetrievalStudiesOptions = {},
): Promise<RetrievalStudies> => {
  if (seeds.length === 0 || new Set(seeds).size < seeds.length)
    throw new ConfigError(`inspect retrieval: expected seeds that differ, got ${seeds.join(', ') || 'none'}; name each once`);
  const studies: RetrievalOf[] = [];
  for (const [i, seed] of seeds.entries())
    studies.push(await retrievalOf(model, { ...options, seed, onProgress: (done, total) => onProgress?.(i * total + done, seeds.length * total) }));
  return { model: model.name, weights: model.weights, seeds, over: overSeeds(studies), studies };
};
