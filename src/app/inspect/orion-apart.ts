import { CancelledError, forkService } from '../../runtime/index.ts';
import { followWork } from '../follow-work.ts';
import type { JobOutcome, JobProgress } from '../jobs.ts';
import type { OrionNews, OrionService, OrionWork } from './orion-child.ts';

/** A prompt of a thousand tokens is read within this. */
const stopMs = 10_000;

const progressOf = ({ finished, task, done = 0, total = 0 }: OrionNews): JobProgress => ({
  stage: task === undefined ? 'opening' : 'asking',
  done,
  total,
  current: task ?? null,
  perSecond: null,
  secondsLeft: null,
  figures: { finished },
});

/**
 * As `runOrion`, in a process of its own, with its figures and report kept in the folder. Finished tasks stay when it is stopped.
 *
 * @throws as `runOrion` and `openInspected` · EngineError when the process does not start, or ends by itself · the signal's reason
 */
export const runOrionApart = async (
  model: string,
  options: OrionWork,
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: (progress: JobProgress) => void },
): Promise<JobOutcome> => {
  signal.throwIfAborted();
  const child = await forkService<OrionService>('./orion-child', import.meta.url, { ahead: Number.POSITIVE_INFINITY });
  const cancelled = (): Error => new CancelledError('inspect orion: cancelled; start it again, and it goes on after the last finished task');
  return await followWork(child, () => child.call('begin', model, options), {
    signal,
    onNews: (news: OrionNews) => onProgress(progressOf(news)),
    cancelled,
    stopMs,
  });
};
