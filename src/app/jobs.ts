import { randomUUID } from 'node:crypto';

/** How far a long piece of work has come. */
export interface JobProgress {
  readonly stage: string;
  readonly done: number;
  /** 0 where the end is not known yet. */
  readonly total: number;
  readonly current: string | null;
  readonly perSecond: number | null;
  readonly secondsLeft: number | null;
  /** Further figures by name, such as the loss of training. */
  readonly figures?: Readonly<Record<string, number>>;
}

export interface JobSkip {
  readonly path: string;
  readonly code: string;
  readonly reason: string;
}

/** What a finished piece of work hands back: figures by name, and the inputs it had to leave out. */
export interface JobOutcome {
  readonly result: Readonly<Record<string, number>>;
  readonly skipped: readonly JobSkip[];
  /** What whoever asked should know of it, in sentences. */
  readonly notes?: readonly string[];
}

export type JobState = 'waiting' | 'running' | 'done' | 'failed' | 'cancelled';

export interface Job {
  readonly id: string;
  readonly kind: string;
  readonly title: string;
  /** Name of what it works on, where that has one: of `adapt` the run's. */
  readonly subject: string | null;
  readonly state: JobState;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly endedAt: string | null;
  readonly progress: JobProgress | null;
  readonly skipped: readonly JobSkip[];
  readonly result: Readonly<Record<string, number>> | null;
  readonly notes: readonly string[];
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** One change of a job. Each carries the whole job, so whoever missed some has lost nothing but the way there. */
export interface JobEvent {
  /** From 1, in order, without gaps. */
  readonly number: number;
  readonly job: Job;
}

export type Work = (context: { readonly signal: AbortSignal; progress(progress: JobProgress): void }) => Promise<JobOutcome>;

/** Long work of this process: of each kind one at a time (a workspace has one writer, the server one model), the others wait their turn. */
export interface Jobs extends AsyncDisposable {
  /** Newest first. */
  list(): readonly Job[];
  find(id: string): Job | undefined;
  /** Undefined where too many are waiting. */
  start(about: { readonly kind: string; readonly title: string; readonly subject?: string | null }, work: Work): Job | undefined;
  /** Asks a job to stop; false where it has ended already. */
  cancel(id: string): boolean;
  /** Calls `listener` with every event after number `after` that is still kept, then with each new one; answers how to stop. */
  subscribe(id: string, after: number, listener: (event: JobEvent) => void): () => void;
  /** Calls `listener` with every job that changes; answers how to stop. */
  watch(listener: (job: Job) => void): () => void;
}

const longestQueue = 8;
const keptEvents = 200;
const keptJobs = 100;
const progressEveryMs = 100;

interface Entry {
  job: Job;
  readonly stop: AbortController;
  readonly work: Work;
  readonly events: JobEvent[];
  readonly listeners: Set<(event: JobEvent) => void>;
  number: number;
}

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'INTERNAL');

/** Makes an empty list of jobs. */
export function createJobs(): Jobs {
  const entries = new Map<string, Entry>();
  const watchers = new Set<(job: Job) => void>();
  /** By kind: the last that was started. */
  const current = new Map<string, Promise<void>>();

  function change(entry: Entry, part: Partial<Job>): void {
    entry.job = { ...entry.job, ...part };
    const event = { number: ++entry.number, job: entry.job };
    entry.events.push(event);
    if (entry.events.length > keptEvents) entry.events.shift();
    for (const listener of [...entry.listeners]) listener(event);
    for (const watcher of [...watchers]) watcher(entry.job);
  }

  /** Passes progress on at most ten times a second, and never loses the last. */
  function paced(entry: Entry): { report(progress: JobProgress): void; flush(): void } {
    let waiting: JobProgress | null = null;
    let timer: NodeJS.Timeout | null = null;
    const flush = () => {
      if (timer) clearTimeout(timer);
      timer = null;
      if (waiting) change(entry, { progress: waiting });
      waiting = null;
    };
    return {
      report(progress) {
        const first = timer === null && waiting === null;
        waiting = progress;
        if (!first) return;
        flush();
        timer = setTimeout(() => {
          timer = null;
          flush();
        }, progressEveryMs);
        timer.unref();
      },
      flush,
    };
  }

  async function run(entry: Entry): Promise<void> {
    if (entry.stop.signal.aborted) return;
    change(entry, { state: 'running' });
    const pace = paced(entry);
    const endedAt = () => new Date().toISOString();
    try {
      const { result, skipped, notes = [] } = await entry.work({ signal: entry.stop.signal, progress: pace.report });
      pace.flush();
      change(entry, { state: entry.stop.signal.aborted ? 'cancelled' : 'done', endedAt: endedAt(), result, skipped, notes });
    } catch (error) {
      pace.flush();
      if (entry.stop.signal.aborted) change(entry, { state: 'cancelled', endedAt: endedAt() });
      else
        change(entry, { state: 'failed', endedAt: endedAt(), error: { code: codeOf(error), message: error instanceof Error ? error.message : String(error) } });
    }
  }

  function forget(): void {
    const ended = [...entries.values()].filter(({ job }) => job.endedAt !== null);
    for (const { job } of ended.slice(0, Math.max(0, entries.size - keptJobs))) entries.delete(job.id);
  }

  return {
    list: () => Array.from(entries.values(), ({ job }) => job).reverse(),
    find: (id) => entries.get(id)?.job,
    start({ kind, title, subject = null }, work) {
      const waiting = [...entries.values()].filter(({ job }) => job.state === 'waiting').length;
      if (waiting >= longestQueue) return undefined;
      const job: Job = {
        id: randomUUID(),
        kind,
        title,
        subject,
        state: 'waiting',
        createdAt: new Date().toISOString(),
        endedAt: null,
        progress: null,
        skipped: [],
        result: null,
        notes: [],
        error: null,
      };
      const entry: Entry = { job, stop: new AbortController(), work, events: [], listeners: new Set(), number: 0 };
      entries.set(job.id, entry);
      forget();
      change(entry, {});
      current.set(
        kind,
        (current.get(kind) ?? Promise.resolve()).then(() => run(entry)),
      );
      return entry.job;
    },
    cancel(id) {
      const entry = entries.get(id);
      if (!entry || entry.job.endedAt !== null || entry.stop.signal.aborted) return false;
      entry.stop.abort(new DOMException('cancelled', 'AbortError'));
      if (entry.job.state === 'waiting') change(entry, { state: 'cancelled', endedAt: new Date().toISOString() });
      return true;
    },
    subscribe(id, after, listener) {
      const entry = entries.get(id);
      if (!entry) return () => {};
      for (const event of entry.events) if (event.number > after) listener(event);
      entry.listeners.add(listener);
      return () => entry.listeners.delete(listener);
    },
    watch(listener) {
      watchers.add(listener);
      return () => watchers.delete(listener);
    },
    async [Symbol.asyncDispose]() {
      for (const { job } of entries.values()) this.cancel(job.id);
      await Promise.all(current.values());
    },
  };
}
