// Entry point of the process that puts the retrieval tasks to a model.
import { serveParent } from '../../runtime/index.ts';
import type { JobOutcome } from '../jobs.ts';
import { toldWork } from '../told-work.ts';
import { keepOrion } from './keep-orion.ts';
import { openInspected } from './open-inspected.ts';
import { type OrionRunSettings, runOrion } from './run-orion.ts';

/** Steps of the task at hand, and how many tasks are finished. */
export interface OrionNews {
  readonly finished: number;
  readonly task?: string;
  readonly done?: number;
  readonly total?: number;
}

export interface OrionWork extends OrionRunSettings {
  readonly threads: number;
  readonly folder: string;
}

const work = toldWork<OrionNews, JobOutcome>({ finished: 0 });

const run = async (name: string, { threads, ...options }: OrionWork): Promise<JobOutcome> => {
  await using model = await openInspected(name, { threads });
  const found = await runOrion(model, {
    ...options,
    signal: work.signal,
    onProgress: (done, total, task) => work.tell(({ finished }) => ({ finished, task, done, total })),
    onTask: () => work.tell((before) => ({ ...before, finished: before.finished + 1 })),
  });
  await keepOrion(found, options.folder);
  return {
    result: { tasks: found.tasks.length, known: found.tasks.filter(({ passed }) => passed).length, ...found.cells },
    skipped: found.skipped.map(({ family, variant, reason }) => ({ path: `${family}/${variant}`, code: 'CONFIG', reason })),
  };
};

const service = {
  /** Begins the run, which goes on by itself. */
  async begin(name: string, options: OrionWork): Promise<void> {
    work.follow(run(name, options));
  },
  next: work.next,
  stop: work.stop,
};
export type OrionService = typeof service;

serveParent(service);
