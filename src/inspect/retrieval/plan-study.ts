import { ConfigError } from '../../core/index.ts';
import { type Draw, openDraw } from '../orion/draw.ts';
import type { StudyStory } from './study-stories.ts';

/** A prompt of the study. */
export interface StudyPrompt {
  readonly story: number;
  readonly variable: string;
}

/** What is drawn for a story. */
export interface PlannedStory {
  /** The story of its source. */
  readonly partner: number;
  /** Baseline prompts, and others independent of them. */
  readonly first: readonly StudyPrompt[];
  readonly second: readonly StudyPrompt[];
}

/** Everything that a study draws, beforehand, so that it can begin at any story. @throws ConfigError where all stories have the same value of the source's variable */
export const planStudy = (
  stories: readonly StudyStory[],
  { source, baselines, resamples, seed }: { readonly source: string; readonly baselines: readonly string[]; readonly resamples: number; readonly seed: number },
): PlannedStory[] => {
  const draw = openDraw(seed);
  const partners = partnersOf(stories, source, draw);
  const drawn = (): StudyPrompt[] => Array.from({ length: resamples }, () => ({ story: draw.index(stories.length), variable: draw.pick(baselines) }));
  return partners.map((partner) => ({ partner, first: drawn(), second: drawn() }));
};

/** For every story another one with another value of the variable. */
const partnersOf = (stories: readonly StudyStory[], variable: string, draw: Draw): number[] =>
  stories.map(({ values }) => {
    const { token } = values.get(variable)!;
    const others = [...stories.keys()].filter((other) => stories[other]!.values.get(variable)!.token !== token);
    if (others.length === 0) throw new ConfigError(`retrieval: expected stories with several values of ${variable}, got one; take more prompts`);
    return draw.pick(others);
  });
