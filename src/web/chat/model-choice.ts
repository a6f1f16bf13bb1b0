import { computed, signal } from '@preact/signals';
import { get, post, RequestError, remove } from '../state/api.ts';
import { allRuns, models } from '../state/data.ts';
import { complain } from '../state/toasts.ts';
import type { Models, Run } from '../state/types.ts';
import { setSettings, settings, stopAnswer } from './chat-state.ts';

/** Why the chosen model could not be loaded. */
export const loadTrouble = signal<string | null>(null);

export const generating = computed(() => (models.data.value?.models ?? []).filter((model) => model.generates));

/** The model that is asked: the one chosen, else the one loaded, else the likeliest to chat. */
export const chosenModel = computed(() => {
  const names = generating.value.map(({ name }) => name);
  const { model } = settings.value;
  if (names.includes(model)) return model;
  const loaded = models.data.value?.loaded?.name;
  if (loaded !== undefined && names.includes(loaded)) return loaded;
  return names.find((name) => /instruct|chat|-it\b/i.test(name)) ?? names[0] ?? '';
});
export const loadedModel = computed(() => {
  const loaded = models.data.value?.loaded;
  return loaded?.name === chosenModel.value && loaded.adapter === null ? loaded : null;
});
/** The loading under way. */
export const loading = computed<Run | null>(() => allRuns.value.find(({ kind, endedAt }) => kind === 'load' && endedAt === null) ?? null);

const pollMs = 150;
const wait = (ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });

/** Loads a model where it is not loaded yet, with the adapter of a run and behind a guard where they are named, and answers what it is. Errors: RequestError. */
export async function ensureLoaded(
  name: string,
  signal: AbortSignal,
  { adapter, guard }: { readonly adapter?: string | undefined; readonly guard?: string } = {},
): Promise<NonNullable<Models['loaded']>> {
  const isIt = (loaded: Models['loaded']): loaded is NonNullable<Models['loaded']> =>
    loaded?.name === (adapter ?? name) && loaded.adapter === (adapter ?? null) && (guard === undefined || loaded.guard === guard);
  const now = await get<Models>('/api/models', signal);
  if (isIt(now.loaded)) return now.loaded;
  let run = await post<Run>('/api/models/load', { name, ...(adapter !== undefined && { adapter }), ...(guard !== undefined && { guard }) });
  try {
    while (run.endedAt === null) {
      await wait(pollMs, signal);
      run = await get<Run>(`/api/runs/${run.id}`, signal);
    }
  } catch (error) {
    if (signal.aborted) void remove(`/api/runs/${run.id}`).catch(() => {}); // it may have ended meanwhile
    throw error;
  }
  if (run.error) throw new RequestError(422, run.error.code, run.error.message);
  const { loaded } = await get<Models>('/api/models', signal);
  if (!isIt(loaded))
    throw new RequestError(
      409,
      'REPLACED',
      run.state === 'cancelled' ? 'Loading was cancelled.' : `${adapter ?? name} is not loaded any more: another model has taken its place.`,
    );
  return loaded;
}

/** Makes a model the one that is asked, and loads it. */
export async function chooseModel(name: string): Promise<void> {
  stopAnswer();
  setSettings({ model: name });
  loadTrouble.value = null;
  try {
    await ensureLoaded(name, new AbortController().signal);
  } catch (error) {
    loadTrouble.value = wordsOf(error);
  }
  models.refresh();
}

export const releaseModel = (): void => {
  stopAnswer();
  remove('/api/models/loaded').then(models.refresh, complain);
};

const advice: Readonly<Record<string, string>> = {
  model_lost: 'The model’s process ended. If memory ran out, choose a smaller model or close other programs; answering again loads it anew.',
  shutting_down: 'The model was released, or another took its place, before this answer was finished. Answering again loads it anew.',
  context_length_exceeded: 'The conversation is longer than the model can hold. Begin a new one, or edit an earlier message to go on from there.',
};
/** What to tell of an error. */
export const wordsOf = (error: unknown): string =>
  error instanceof RequestError ? (advice[error.code] ?? error.message) : error instanceof Error ? error.message : String(error);
