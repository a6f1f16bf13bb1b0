import { effect, type ReadonlySignal, signal } from '@preact/signals';
import { get, RequestError } from './api.ts';

/** What the server says at an address; old data stays while new data is fetched. */
export interface Resource<T> {
  readonly data: ReadonlySignal<T | null>;
  readonly error: ReadonlySignal<RequestError | null>;
  readonly loading: ReadonlySignal<boolean>;
  /** Fetches again. */
  refresh(): void;
}

const all = new Set<{ topics: readonly string[]; refresh(): void }>();

/** Fetches `address()` whenever it changes and whenever one of `topics` changes on the server; null fetches nothing. */
export function resource<T>(address: () => string | null, topics: readonly string[]): Resource<T> {
  const data = signal<T | null>(null);
  const error = signal<RequestError | null>(null);
  const loading = signal(false);
  const round = signal(0);
  let shown: string | null = null;
  effect(() => {
    const path = address();
    round.value;
    if (path === null) {
      data.value = null;
      error.value = null;
      loading.value = false;
      shown = null;
      return;
    }
    const stop = new AbortController();
    loading.value = true;
    get<T>(path, stop.signal)
      .then((got) => {
        shown = path;
        data.value = got;
        error.value = null;
        loading.value = false;
      })
      .catch((failure: unknown) => {
        if (stop.signal.aborted) return;
        // What was shown for another address must not stand beside this failure.
        if (shown !== path) data.value = null;
        error.value = failure instanceof RequestError ? failure : new RequestError(0, 'INTERNAL', String(failure));
        loading.value = false;
      });
    return () => stop.abort();
  });
  const refresh = () => {
    round.value = round.peek() + 1;
  };
  const made = { data, error, loading, refresh };
  all.add({ topics, refresh: made.refresh });
  return made;
}

/** Fetches again whatever hangs on one of `topics`; '*' means everything. */
export function refreshTopics(topics: readonly string[]): void {
  for (const entry of all) if (topics.includes('*') || entry.topics.some((topic) => topics.includes(topic))) entry.refresh();
}
