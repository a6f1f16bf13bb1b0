import type { Forked } from '../runtime/index.ts';
import type { Told } from './told-work.ts';

/** What `toldWork` gives a child's service. */
interface Following<News, Outcome> {
  next(): Promise<Told<News, Outcome>>;
  stop(): Promise<void>;
}

export interface FollowOptions<News> {
  readonly signal: AbortSignal;
  readonly onNews: (news: News) => void;
  /** What calls reject with that the end of the process cuts off. */
  readonly cancelled: () => Error;
  /** How long the work may take to stop before its process is ended. */
  readonly stopMs: number;
}

/**
 * Work in a process of its own, from beginning to end: tells its news, asks it to stop once the signal is aborted, and ends its process, which is gone when this settles.
 *
 * @throws what the work rejects with · EngineError when the process ends by itself · the signal's reason
 */
export const followWork = async <News, Outcome, Service extends Following<News, Outcome>>(
  child: Forked<Service>,
  begin: () => Promise<void>,
  { signal, onNews, cancelled, stopMs }: FollowOptions<News>,
): Promise<Outcome> => {
  const following = child as unknown as Forked<Following<News, Outcome>>;
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    void following.call('stop').catch(() => {});
    timer ??= setTimeout(() => void child.kill(cancelled()), stopMs);
  };
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    await begin();
    for (;;) {
      const { news, outcome } = await following.call('next');
      onNews(news);
      if (outcome !== undefined) return outcome;
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
    await child.kill(cancelled());
  }
};
