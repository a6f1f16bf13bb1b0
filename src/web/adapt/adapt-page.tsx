import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { generating } from '../chat/model-choice.ts';
import { NoModel } from '../chat/no-model.tsx';
import { narrowPane } from '../parts/narrow.ts';
import { NotYet } from '../parts/not-yet.tsx';
import { models, workspace } from '../state/data.ts';
import { comparedRuns, openRun } from '../state/route.ts';
import { adaptRuns, look, underWay } from './adapt-state.ts';
import { Comparison } from './comparison.tsx';
import { DropAnywhereData, DropData } from './drop-data.tsx';
import { RecipePanel } from './recipe-panel.tsx';
import { RunList } from './run-list.tsx';
import { ListButton, RunView } from './run-view.tsx';
import { Samples } from './samples.tsx';

/** Runs at the left; in the middle samples, a run or a comparison; at the right how the samples are learnt. */
export function AdaptPage(): JSX.Element {
  const known = models.data.value;
  const isNew = openRun.value === '' && comparedRuns.value.length === 0;
  // A run has no files before its model is open: what it shows is fetched once it has.
  const stage = underWay.value.find(({ subject }) => subject !== null)?.progress?.stage ?? null;
  useEffect(() => {
    if (stage === null) return;
    adaptRuns.refresh();
  }, [stage]);

  if (!known) return <NotYet of={models} />;
  if (isNew && generating.value.length === 0 && (adaptRuns.data.value?.runs ?? []).length === 0) {
    return (
      <main class="read empty" id="main">
        <NoModel />
      </main>
    );
  }
  return (
    <main class={`read adapt${isNew && look.value ? '' : ' alone'}`} id="main" data-narrow={narrowPane.value}>
      <RunList />
      {comparedRuns.value.length > 0 ? (
        <Comparison />
      ) : openRun.value ? (
        <RunView />
      ) : (
        <section class="middle" aria-label="New run">
          <div class="bar narrow-only">
            <ListButton />
          </div>
          {look.value ? <Samples look={look.value} /> : <DropData />}
        </section>
      )}
      {isNew && look.value && <RecipePanel />}
      {isNew && workspace.data.value?.readOnly === false && <DropAnywhereData />}
    </main>
  );
}
