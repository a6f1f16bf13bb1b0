import os from 'node:os';
import { ConfigError } from '../../core/index.ts';
import type { AnnotatedDocument, TokenDocument } from '../../evaluate/index.ts';
import { CancelledError, type EngineOptions, type Forked, forkService } from '../../runtime/index.ts';
import type { Reader, ReaderChoice } from './open-reader.ts';
import type { ReaderService } from './reader-child.ts';

export interface ReadersApartOptions extends ReaderChoice, Pick<EngineOptions, 'threads' | 'device'> {
  /** Ends what is opening. An open reader takes its signals with `predict`. */
  readonly signal?: AbortSignal | undefined;
}

const mostProcesses = 4; // each holds about 300 MB while it reads

/**
 * Opens a reader that works in processes of its own, a thread each where there are no more than `mostProcesses`. Documents are cut into portions of about equal length
 * and each goes to the first process that is free, also when `predict` is called again before it has answered. Two processes with a thread each read more in a
 * second than one with two threads (docs/LOG.md): no thread waits for the other within a product, and what is done on one thread alone is done twice at once.
 *
 * `predict` rejects with the signal's reason at once; what was begun by then ends with the reader.
 *
 * @throws as `openReader` · EngineError when a process does not start · the signal's reason
 */
export const openReaderApart = async ({
  threads = os.availableParallelism(),
  device = 'cpu',
  signal,
  ...choice
}: ReadersApartOptions = {}): Promise<Reader> => {
  signal?.throwIfAborted();
  if (!Number.isInteger(threads) || threads < 1) throw new ConfigError(`reader: expected threads ≥ 1, got ${threads}`);
  const processes = device === 'cpu' ? Math.min(threads, mostProcesses) : 1;
  const open: Forked<ReaderService>[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(open.map((child) => child.kill(new CancelledError('reader: this reading was cancelled, its reader was closed; open another reader'))));
  };
  const start = async (_: unknown, i: number): Promise<string> => {
    const child = await forkService<ReaderService>('./reader-child', import.meta.url);
    open.push(child);
    signal?.throwIfAborted();
    // Threads that cannot be shared evenly go to the first.
    return child.call('open', { threads: Math.floor(threads / processes) + (i < threads % processes ? 1 : 0), device }, choice);
  };
  const abort = (): void => void close();
  signal?.addEventListener('abort', abort, { once: true });
  const started = await Promise.allSettled(Array.from({ length: processes }, start));
  signal?.removeEventListener('abort', abort);
  const failed = started.find((one) => one.status === 'rejected');
  if (failed) {
    await close();
    signal?.throwIfAborted();
    throw failed.reason;
  }
  const free = [...open];
  const waiting: ((child: Forked<ReaderService>) => void)[] = [];
  const take = async () => free.shift() ?? (await new Promise<Forked<ReaderService>>((resolve) => waiting.push(resolve)));
  const give = (child: Forked<ReaderService>): void => {
    const next = waiting.shift();
    if (next) next(child);
    else free.push(child);
  };
  const predictOne = async (portion: readonly TokenDocument[], stop: AbortSignal): Promise<AnnotatedDocument[]> => {
    const child = await take();
    try {
      stop.throwIfAborted();
      return await child.call('predict', portion);
    } finally {
      give(child);
    }
  };
  return {
    version: (started[0] as PromiseFulfilledResult<string>).value,
    async predict(documents, { signal, onProgress } = {}) {
      signal?.throwIfAborted();
      const failed = new AbortController();
      const stop = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal;
      const stopped = new Promise<never>((_, reject) => stop.addEventListener('abort', () => reject(stop.reason), { once: true }));
      let done = 0;
      const work = portionsOf(documents, Math.max(1, free.length)).map(async (portion) => {
        const found = await predictOne(portion, stop);
        done += portion.length;
        onProgress?.(done);
        return found;
      });
      try {
        return (await Promise.race([Promise.all(work), stopped])).flat();
      } catch (error) {
        failed.abort(error); // what has not begun need not begin
        throw error;
      }
    },
    [Symbol.asyncDispose]: close,
  };
};

// Words of the documents that one process takes at a time: few enough that all end together, enough to fill its calls.
const leastWords = 750;
const mostWords = 3000;

const wordsOf = ({ sentences }: TokenDocument): number => sentences.reduce((sum, words) => sum + words.length, 0);

/** @param idle  processes that have nothing to do */
const portionsOf = (documents: readonly TokenDocument[], idle: number): TokenDocument[][] => {
  const total = documents.reduce((sum, document) => sum + wordsOf(document), 0);
  const size = Math.min(mostWords, Math.max(leastWords, total / idle));
  const portions: TokenDocument[][] = [];
  let words = Number.POSITIVE_INFINITY;
  for (const document of documents) {
    if (words >= size) {
      portions.push([]);
      words = 0;
    }
    portions.at(-1)!.push(document);
    words += wordsOf(document);
  }
  return portions;
};
