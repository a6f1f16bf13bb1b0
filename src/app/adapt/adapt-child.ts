// Entry point of the process that teaches a model: the run behind the channel of its parent.
import { serveParent } from '../../runtime/index.ts';
import { adaptModel } from './adapt-model.ts';
import type { AdaptOptions, AdaptOutcome, AdaptProgress } from './adapt-options.ts';
import { type LookOptions, lookAtData } from './look-at-data.ts';
import { measureMatrix } from './measure-matrix.ts';

/** How far a run is. What came between two of these is in them: a held-out loss stays until the next. */
export interface TeachingNews {
  readonly progress?: AdaptProgress;
  /** Step after which the held-out loss in `progress` was judged. */
  readonly heldOutStep?: number;
  readonly note?: string;
  /** The run is over. */
  readonly figures?: Record<string, number>;
}

const stop = new AbortController();
let news: TeachingNews = {};
let isNews = false;
let ended: { figures: Record<string, number> } | { error: unknown } | undefined;
let wake: () => void = () => {};

const tell = (part: TeachingNews): void => {
  news = { ...news, ...part };
  isNews = true;
  wake();
};

const onProgress = (now: AdaptProgress): void => {
  const { heldOut = news.progress?.heldOut } = now;
  tell({ progress: { ...now, ...(heldOut !== undefined && { heldOut }) }, ...(now.heldOut !== undefined && { heldOutStep: now.done }) });
};

const figuresOf = ({ price, data, result }: AdaptOutcome): Record<string, number> => ({
  steps: price.steps,
  tokens: price.tokens,
  trainable: price.trainable,
  seconds: result?.seconds ?? price.seconds,
  memoryBytes: Math.round(result?.peakMemoryBytes ?? price.bytes),
  training: data.training.length,
  heldOut: data.heldOut.length,
  contaminated: new Set(data.contaminated.map(({ evaluationId }) => evaluationId)).size,
  cut: data.cut.length,
  refused: data.refused.length,
  replayShare: data.replay.share,
});

/** What work ends with is told to whoever waits for the next news. */
const follow = (work: Promise<Record<string, number>>): void => {
  const end = (as: NonNullable<typeof ended>): void => {
    ended = as;
    wake();
  };
  work.then(
    (figures) => end({ figures }),
    (error: unknown) => end({ error }),
  );
};

const service = {
  look: (path: string, options: LookOptions) => lookAtData(path, options),
  /** Begins the run, which goes on by itself. */
  async begin(options: Omit<AdaptOptions, 'signal' | 'onProgress' | 'onNote'>): Promise<void> {
    follow(adaptModel({ ...options, signal: stop.signal, onProgress, onNote: (note) => tell({ note }) }).then(figuresOf));
  },
  /** Begins to ask the models of runs what is missing of their matrix. */
  async beginMatrix(folders: readonly string[], threads: number): Promise<void> {
    const measured = measureMatrix(folders, { threads, signal: stop.signal, onProgress });
    follow(measured.then(({ summary: { changes: _, ...figures } }) => figures));
  },
  /** How far it is; waits until there is something new. */
  async next(): Promise<TeachingNews> {
    if (!isNews && !ended)
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    isNews = false;
    if (!ended) return news;
    if ('error' in ended) throw ended.error;
    return { ...news, figures: ended.figures };
  },
  async stop(): Promise<void> {
    stop.abort(new DOMException('cancelled', 'AbortError'));
  },
};
export type TeachingService = typeof service;

serveParent(service);
