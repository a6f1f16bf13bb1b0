import { computed } from '@preact/signals';
import { post } from '../state/api.ts';
import { allRuns, runUpdates } from '../state/data.ts';
import { resource } from '../state/resource.ts';
import { comparedRuns, openTab, page } from '../state/route.ts';
import { complain } from '../state/toasts.ts';
import type { LearningMatrix, Run } from '../state/types.ts';
import { adaptRuns } from './adapt-state.ts';

/** The runs that are compared as stages of learning: those begun first come first. */
export const inOrder = computed<readonly string[]>(() => {
  const begun = new Map((adaptRuns.data.value?.runs ?? []).map(({ name, createdAt }) => [name, createdAt]));
  return comparedRuns.value.toSorted((a, b) => (begun.get(a) ?? '').localeCompare(begun.get(b) ?? ''));
});
/** What is known of them; an error 404 until all of it is. */
export const matrix = resource<LearningMatrix>(
  () =>
    page.value === 'adapt' && openTab.value === 'stages' && adaptRuns.data.value && inOrder.value.length > 1
      ? `/api/adapt/matrix?${new URLSearchParams(inOrder.value.map((name) => ['run', name]))}`
      : null,
  ['adapted'],
);
export const isMeasured = computed(() => matrix.data.value?.stages.join() === inOrder.value.join());

/** The newest asking for this matrix, under way or over. */
export const matrixWork = computed<Run | undefined>(() => allRuns.value.find(({ title }) => title === `Matrix of ${inOrder.value.join(', ')}`));
export const measure = (): void => {
  post<Run>('/api/adapt/matrix', { runs: inOrder.peek() }).then((run) => {
    runUpdates.value = new Map(runUpdates.peek()).set(run.id, run);
  }, complain);
};
