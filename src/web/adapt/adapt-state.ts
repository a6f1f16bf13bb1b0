import { batch, computed, effect, signal } from '@preact/signals';
import { generating } from '../chat/model-choice.ts';
import { post, putBytes } from '../state/api.ts';
import { allRuns, models, runUpdates } from '../state/data.ts';
import { resource } from '../state/resource.ts';
import { go, openRun, page } from '../state/route.ts';
import { complain } from '../state/toasts.ts';
import type { AdaptRunDetails, AdaptRuns, Look, Run, Upload } from '../state/types.ts';
import { joinCurves, type LossPoint } from './curve.ts';
import { learns, mixtures, ranked, type Size } from './methods.ts';

/** Runs of this workspace. */
export const adaptRuns = resource<AdaptRuns>(() => (page.value === 'adapt' ? '/api/adapt/runs' : null), ['adapted']);
/** The open run has files: it has none before its model is open. */
const hasFiles = computed(() => adaptRuns.data.value?.runs.some(({ name }) => name === openRun.value) === true);
/** The one that is shown. */
export const shownRun = resource<AdaptRunDetails>(
  () => (page.value === 'adapt' && openRun.value && hasFiles.value ? `/api/adapt/runs/${encodeURIComponent(openRun.value)}` : null),
  ['adapted'],
);

const isAdapt = ({ kind }: Run): boolean => kind === 'adapt';
/** The newest work on a run, under way or over. */
export const workOf = (name: string): Run | undefined => allRuns.value.find((run) => isAdapt(run) && run.subject === name);
/** Training under way, or waiting. */
export const underWay = computed(() => allRuns.value.filter((run) => isAdapt(run) && run.endedAt === null));

// What was dropped

export const look = signal<Look | null>(null);
export const lookTrouble = signal<string | null>(null);
export const isLooking = signal(false);
let looking = 0;

async function lookAt(source: { readonly upload: string } | { readonly path: string } | { readonly documents: true }, round: number): Promise<void> {
  const model = chosenModel.peek();
  const found = await post<Look>('/api/adapt/look', { ...source, ...(model && { model }) });
  if (round === looking) look.value = found;
}
function begin(work: (round: number) => Promise<void>): void {
  const round = ++looking;
  batch(() => {
    isLooking.value = true;
    lookTrouble.value = null;
  });
  work(round)
    .catch((error: unknown) => {
      if (round === looking) lookTrouble.value = error instanceof Error ? error.message : String(error);
    })
    .finally(() => {
      if (round === looking) isLooking.value = false;
    });
}

export const lookAtPath = (path: string): void => begin((round) => lookAt({ path }, round));
export const lookAtDocuments = (): void => begin((round) => lookAt({ documents: true }, round));
export const lookAtFile = (file: File): void =>
  begin(async (round) => lookAt({ upload: (await putBytes<Upload>(`/api/uploads?${new URLSearchParams({ name: file.name })}`, file)).id }, round));
export function forgetData(): void {
  looking++;
  batch(() => {
    look.value = null;
    lookTrouble.value = null;
    isLooking.value = false;
  });
}

// How it is learnt

/** Null: as the size has it. */
export interface Recipe {
  readonly model: string;
  readonly method: string;
  readonly size: Size;
  /** Name of a run that is over, from which this one starts; null: from the model itself. */
  readonly from: string | null;
  readonly replay: number;
  /** Weights that are kept in the end: those of the lowest held-out loss, or the last. */
  readonly keep: 'best' | 'last';
  readonly epochs: number | null;
  readonly length: number | null;
  readonly learningRate: number | null;
  readonly rank: number | null;
  readonly experts: number | null;
  readonly balance: number | null;
  readonly seed: number | null;
  readonly memoryGb: number | null;
}
const usual: Recipe = {
  model: '',
  method: 'loramoe',
  size: 'small',
  from: null,
  replay: 0.1,
  keep: 'best',
  epochs: null,
  length: null,
  learningRate: null,
  rank: null,
  experts: null,
  balance: null,
  seed: null,
  memoryGb: null,
};
export const recipe = signal<Recipe>(usual);
export const chosenModel = computed(() => {
  const names = generating.value.map(({ name }) => name);
  if (names.includes(recipe.value.model)) return recipe.value.model;
  const loaded = models.data.value?.loaded;
  if (loaded && loaded.adapter === null && names.includes(loaded.name)) return loaded.name;
  return names.find((name) => /instruct|chat|-it\b/i.test(name)) ?? names[0] ?? '';
});

export function choose(change: Partial<Recipe>): void {
  recipe.value = { ...recipe.peek(), ...change };
  // Another model sees the samples in another form.
  const data = look.peek()?.data;
  if (change.model !== undefined && data) lookAtPath(data);
}
/** Runs that the one to come may start from: over, of the same model and method. */
export const origins = computed(() =>
  (adaptRuns.data.value?.runs ?? []).filter(
    ({ state, model, method }) => state === 'finished' && model === chosenModel.value && method === recipe.value.method && learns(method),
  ),
);
/** The one that it does start from. */
export const chosenOrigin = computed(() => origins.value.find(({ name }) => name === recipe.value.from)?.name ?? null);
export const isUsual = computed(() => {
  const { model: _, method: __, size: ___, from: ____, ...fine } = recipe.value;
  return Object.entries(fine).every(([name, value]) => value === usual[name as keyof Recipe]);
});
export const backToUsual = (): void => {
  const { model, method, size, from } = recipe.peek();
  recipe.value = { ...usual, model, method, size, from };
};

/** What is sent to the server. */
export const request = computed<Record<string, unknown> | null>(() => {
  if (!look.value || look.value.unusable || !chosenModel.value) return null;
  const { method, size, replay, keep, epochs, length, learningRate, rank, experts, balance, seed, memoryGb } = recipe.value;
  const asked = { data: look.value.data, model: chosenModel.value, method, ...(seed !== null && { seed }) };
  if (!learns(method)) return asked;
  return {
    ...asked,
    size,
    replay,
    ...(chosenOrigin.value !== null && { from: chosenOrigin.value }),
    ...(keep === 'last' && { keep }),
    ...(epochs !== null && { epochs }),
    ...(length !== null && { length }),
    ...(learningRate !== null && { learningRate }),
    ...(rank !== null && ranked.has(method) && { rank }),
    ...(experts !== null && mixtures.has(method) && { experts }),
    ...(balance !== null && method === 'loramoe' && { balance }),
    ...(memoryGb !== null && { memoryBytes: Math.round(memoryGb * 1e9) }),
  };
});

// What it takes, and the start

const priced = signal<{ readonly of: string; readonly id: string } | null>(null);
export const startTrouble = signal<string | null>(null);
/** The work that says what the present choices would take; null where nobody asked yet. */
export const price = computed<Run | null>(() => {
  const { of, id } = priced.value ?? {};
  return of !== undefined && of === JSON.stringify(request.value) ? (allRuns.value.find((run) => run.id === id) ?? null) : null;
});
const show = (run: Run): void => {
  runUpdates.value = new Map(runUpdates.peek()).set(run.id, run);
};
const trying = (work: () => Promise<void>): void => {
  startTrouble.value = null;
  work().catch((error: unknown) => {
    startTrouble.value = error instanceof Error ? error.message : String(error);
  });
};
export const askPrice = (): void =>
  trying(async () => {
    const asked = request.peek();
    const run = await post<Run>('/api/adapt', { ...asked, dryRun: true });
    batch(() => {
      show(run);
      priced.value = { of: JSON.stringify(asked), id: run.id };
    });
  });
export const start = (): void =>
  trying(async () => {
    const run = await post<Run>('/api/adapt', request.peek());
    show(run);
    go({ run: run.subject, tab: null, compare: null });
  });
export const goOn = (name: string): void => {
  post<Run>(`/api/adapt/runs/${encodeURIComponent(name)}`).then(show, complain);
};

// The curve

/** By run: losses that came while this page was open. */
const live = signal<ReadonlyMap<string, readonly LossPoint[]>>(new Map());
effect(() => {
  const known = live.peek();
  let next: Map<string, readonly LossPoint[]> | undefined;
  for (const { kind, subject, progress } of runUpdates.value.values()) {
    const { loss, heldOut, heldOutStep } = progress?.figures ?? {};
    if (kind !== 'adapt' || !subject || progress?.stage !== 'training' || loss === undefined) continue;
    const points = known.get(subject) ?? [];
    const judged = points.some((point) => point.heldOut !== undefined && point.step === heldOutStep);
    if (points.at(-1)?.step === progress.done && (judged || heldOutStep !== progress.done)) continue;
    const isJudged = heldOut !== undefined && heldOutStep !== undefined && !judged;
    const fresh = [
      ...(isJudged && heldOutStep !== progress.done ? [{ step: heldOutStep, train: loss, heldOut }] : []),
      { step: progress.done, train: loss, ...(isJudged && heldOutStep === progress.done && { heldOut }) },
    ];
    next = (next ?? new Map(known)).set(subject, joinCurves(points, fresh));
  }
  if (next) live.value = next;
});
/** Losses of the run that is shown. */
export const curve = computed<LossPoint[]>(() => {
  const details = shownRun.data.value;
  const name = openRun.value;
  const fetched = details?.name === name ? details.curve.map(({ step, train, heldOut }) => ({ step, train, ...(heldOut !== undefined && { heldOut }) })) : [];
  // A run that is over has all its points; one begun anew after a stop goes back to its checkpoint.
  return details?.state === 'finished' && details.name === name ? fetched : joinCurves(fetched, live.value.get(name) ?? []);
});
