// Entry point of the process that studies how a model fetches answers.
import { serveParent } from '../../runtime/index.ts';
import type { JobOutcome } from '../jobs.ts';
import { toldWork } from '../told-work.ts';
import { keepRetrieval } from './keep-retrieval.ts';
import { openInspected } from './open-inspected.ts';
import { retrievalStudies } from './retrieval-studies.ts';

/** What can be asked for from elsewhere: stories are those that ship with Lyceum. */
export interface RetrievalSettings {
  readonly source?: string | undefined;
  readonly target?: string | undefined;
  readonly prompts?: number | undefined;
  readonly resamples?: number | undefined;
  readonly layer?: number | undefined;
  readonly seeds?: readonly number[] | undefined;
}

export interface RetrievalWork extends RetrievalSettings {
  readonly threads: number;
  readonly folder: string;
}

/** Steps of all seeds; before the first, nothing. */
export interface RetrievalNews {
  readonly done: number;
  readonly total: number;
}

const work = toldWork<RetrievalNews, JobOutcome>({ done: 0, total: 0 });

const run = async (name: string, { threads, ...options }: RetrievalWork): Promise<JobOutcome> => {
  await using model = await openInspected(name, { threads });
  const found = await retrievalStudies(model, { ...options, signal: work.signal, onProgress: (done, total) => work.tell(() => ({ done, total })) });
  await keepRetrieval(found, options.folder);
  return { result: { studies: found.studies.length, movers: found.over.movers.length }, skipped: [] };
};

const service = {
  /** Begins the study, which goes on by itself. */
  async begin(name: string, options: RetrievalWork): Promise<void> {
    work.follow(run(name, options));
  },
  next: work.next,
  stop: work.stop,
};
export type RetrievalService = typeof service;

serveParent(service);
