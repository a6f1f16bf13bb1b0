import { computed, effect, signal } from '@preact/signals';
import { post, RequestError } from '../state/api.ts';
import type { Resource } from '../state/resource.ts';

const mostKept = 8; // answers

/** What the server answers to a question, asked whenever the question changes; null asks nothing. The same question has the same answer, so answers are kept. */
export function asked<T>(path: string, question: () => object | null): Resource<T> {
  const data = signal<T | null>(null);
  const error = signal<RequestError | null>(null);
  const loading = signal(false);
  const round = signal(0);
  const kept = new Map<string, T>();
  const body = computed(() => JSON.stringify(question()));
  effect(() => {
    const key = body.value;
    round.value;
    const known = kept.get(key) ?? null;
    data.value = known;
    error.value = null;
    loading.value = known === null && key !== 'null';
    if (!loading.peek()) return;
    const stop = new AbortController();
    post<T>(path, JSON.parse(key), stop.signal)
      .then((got) => {
        if (stop.signal.aborted) return;
        kept.set(key, got);
        if (kept.size > mostKept) kept.delete(kept.keys().next().value!);
        data.value = got;
        loading.value = false;
      })
      .catch((failure: unknown) => {
        if (stop.signal.aborted) return;
        error.value = failure instanceof RequestError ? failure : new RequestError(0, 'INTERNAL', String(failure));
        loading.value = false;
      });
    return () => stop.abort();
  });
  return {
    data,
    error,
    loading,
    refresh: () => {
      round.value = round.peek() + 1;
    },
  };
}
