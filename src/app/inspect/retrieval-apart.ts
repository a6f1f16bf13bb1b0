import { CancelledError, forkService } from '../../runtime/index.ts';
import { followWork } from '../follow-work.ts';
import type { JobOutcome, JobProgress } from '../jobs.ts';
import type { RetrievalNews, RetrievalService, RetrievalWork } from './retrieval-child.ts';

/** A step is a prompt read, or a story's patched runs: a small model makes one within this. */
const stopMs = 10_000;

const progressOf = ({ done, total }: RetrievalNews): JobProgress => ({
  stage: total === 0 ? 'opening' : 'studying',
  done,
  total,
  current: null,
  perSecond: null,
  secondsLeft: null,
});

/**
 * As `retrievalStudies`, in a process of its own, with its figures and report kept in the folder. Finished stories stay when it is stopped or killed.
 *
 * @throws as `retrievalStudies` and `openInspected` · EngineError when the process does not start, or ends by itself · the signal's reason
 */
export const runRetrievalApart = async (
  model: string,
  options: RetrievalWork,
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: (progress: JobProgress) => void },
): Promise<JobOutcome> => {
  signal.throwIfAborted();
  const child = await forkService<RetrievalService>('./retrieval-child', import.meta.url, { ahead: Number.POSITIVE_INFINITY });
  return await followWork(child, () => child.call('begin', model, options), {
    signal,
    onNews: (news: RetrievalNews) => onProgress(progressOf(news)),
    cancelled: () => new CancelledError('inspect retrieval: cancelled; start it again, and it goes on after the last finished story'),
    stopMs,
  });
};
