import { CancelledError, type Forked, forkService } from '../../runtime/index.ts';
import { followWork } from '../follow-work.ts';
import type { Look } from '../server/adapt-schema.ts';
import type { Taught } from '../server/adapting.ts';
import type { TeachingNews, TeachingService } from './adapt-child.ts';
import type { AdaptOptions } from './adapt-options.ts';
import type { CombineOptions } from './combine-runs.ts';
import type { LookOptions } from './look-at-data.ts';

/** How long the step under way may go on when a run is to stop, and how long all of that may take with its checkpoint. */
const [graceMs, stopMs] = [12_000, 18_000];

const cancelled = (): Error => new CancelledError('adapt: cancelled; start it again, and it goes on from the last checkpoint');
const fork = (): Promise<Forked<TeachingService>> => forkService<TeachingService>('./adapt-child', import.meta.url, { ahead: Number.POSITIVE_INFINITY });

/** As `lookAtData`, in a process of its own. @throws as that · the signal's reason */
export const lookAtDataApart = async (path: string, options: LookOptions, signal: AbortSignal): Promise<Look> => {
  signal.throwIfAborted();
  const child = await fork();
  const stop = (): void => void child.kill(cancelled());
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    return await child.call('look', path, options);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
    await child.kill(cancelled());
  }
};

interface Watch {
  readonly signal: AbortSignal;
  readonly onNews: (news: TeachingNews) => void;
}

/**
 * As `adaptModel`, in a process of its own: this thread never waits for a computation. Once the signal is aborted the run writes its checkpoint and ends; its process is gone when this settles.
 *
 * @throws as `adaptModel` · EngineError when the process does not start, or ends by itself · the signal's reason
 */
export const adaptModelApart = (options: Omit<AdaptOptions, 'signal' | 'onProgress' | 'onNote'>, watch: Watch): Promise<Taught> =>
  workApart((child) => child.call('begin', { ...options, graceMs }), watch);

/** As `measureMatrix`, in a process of its own; answers the figures of its summary. @throws as that, and as `adaptModelApart` */
export const measureMatrixApart = async (folders: readonly string[], threads: number, watch: Watch): Promise<Taught['figures']> =>
  (await workApart((child) => child.call('beginMatrix', folders, threads), watch)).figures;

/** As `combineRuns`, in a process of its own; answers scores before and after. @throws as that, and as `adaptModelApart` */
export const combineRunsApart = async (
  folders: readonly string[],
  options: Pick<CombineOptions, 'output' | 'runsDir' | 'topK' | 'temperature' | 'threads'>,
  watch: Watch,
): Promise<Taught['figures']> => (await workApart((child) => child.call('beginCombine', folders, options), watch)).figures;

const workApart = async (begin: (child: Forked<TeachingService>) => Promise<void>, { signal, onNews }: Watch): Promise<Taught> => {
  signal.throwIfAborted();
  const child = await fork();
  return await followWork(child, () => begin(child), { signal, onNews, cancelled, stopMs });
};
