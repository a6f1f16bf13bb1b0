// Entry point of the process that teaches a model: the run behind the channel of its parent.
import { serveParent } from '../../runtime/index.ts';
import { boundHeap } from '../bound-heap.ts';
import type { Taught } from '../server/adapting.ts';
import { toldWork } from '../told-work.ts';
import { adaptModel } from './adapt-model.ts';
import type { AdaptOptions, AdaptOutcome, AdaptProgress } from './adapt-options.ts';
import { type CombineOptions, combineRuns } from './combine-runs.ts';
import { type LookOptions, lookAtData } from './look-at-data.ts';
import { measureMatrix } from './measure-matrix.ts';

/** How far a run is. What came between two of these is in them: a held-out loss stays until the next. */
export interface TeachingNews {
  readonly progress?: AdaptProgress;
  /** Step after which the held-out loss in `progress` was judged. */
  readonly heldOutStep?: number;
  readonly note?: string;
}

const work = toldWork<TeachingNews, Taught>({});

const onProgress = (now: AdaptProgress): void => {
  work.tell((before) => {
    const { heldOut = before.progress?.heldOut } = now;
    return { ...before, progress: { ...now, ...(heldOut !== undefined && { heldOut }) }, ...(now.heldOut !== undefined && { heldOutStep: now.done }) };
  });
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
  contaminatedFacts: new Set(data.contaminatedFacts.map(({ factId }) => factId)).size,
  cut: data.cut.length,
  refused: data.refused.length,
  replayShare: data.replay.share,
});

/** Figures of work that warns of nothing. */
const plain = (figures: Taught['figures']): Taught => ({ figures, notes: [] });
const taughtOf = (outcome: AdaptOutcome): Taught => ({ figures: figuresOf(outcome), notes: outcome.price.warning === null ? [] : [outcome.price.warning] });

const service = {
  look: (path: string, options: LookOptions) => lookAtData(path, options),
  /** Begins the run, which goes on by itself. */
  async begin(options: Omit<AdaptOptions, 'signal' | 'onProgress' | 'onNote'>): Promise<void> {
    const onNote = (note: string): void => work.tell((before) => ({ ...before, note }));
    work.follow(adaptModel({ ...options, signal: work.signal, onProgress, onNote }).then(taughtOf));
  },
  /** Begins to ask the models of runs what is missing of their matrix. */
  async beginMatrix(folders: readonly string[], threads: number): Promise<void> {
    const measured = measureMatrix(folders, { threads, signal: work.signal, onProgress });
    work.follow(measured.then(({ summary: { changes: _, ...figures } }) => plain(figures)));
  },
  /** Begins to mix the adapters of runs. */
  async beginCombine(folders: readonly string[], options: Pick<CombineOptions, 'output' | 'runsDir' | 'topK' | 'temperature' | 'threads'>): Promise<void> {
    const combined = combineRuns(folders, { ...options, signal: work.signal, onProgress, onNote: (note) => work.tell((before) => ({ ...before, note })) });
    work.follow(
      combined.then(({ result: { task, knowledge } }) =>
        plain({
          taskBefore: task!.before.value,
          taskAfter: task!.after.value,
          knowledgeBefore: knowledge!.before.value,
          knowledgeAfter: knowledge!.after.value,
        }),
      ),
    );
  },
  next: work.next,
  stop: work.stop,
};
export type TeachingService = typeof service;

boundHeap();
serveParent(service);
