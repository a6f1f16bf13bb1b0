import type { JSX } from 'preact';
import { cancelRun, progressWords, share } from '../parts/runs-page.tsx';
import { Tabs } from '../parts/tabs.tsx';
import { workspace } from '../state/data.ts';
import { comparedRuns, go, openTab } from '../state/route.ts';
import { inOrder, isMeasured, matrix, matrixWork, measure } from './matrix-state.ts';
import { ReportFrame } from './report-frame.tsx';
import { ListButton } from './run-view.tsx';

const addressOf = (names: readonly string[], matrix: boolean): string =>
  `/api/adapt/compare?${new URLSearchParams([...names.map((name) => ['run', name]), ...(matrix ? [['matrix', 'true']] : [])])}`;

/** What is there before the matrix: what it would tell, and how far asking is. */
function Asking(): JSX.Element {
  const work = matrixWork.value;
  const error = matrix.error.value;
  if (matrix.loading.value && !error) return <div class="stage-empty" aria-busy="true" />;
  return (
    <div class="stage-empty stages">
      <ol aria-label="Stages">
        {inOrder.value.map((name) => (
          <li key={name}>{name}</li>
        ))}
      </ol>
      <p class="quiet">
        What did each stage do to what was learnt before it, and to knowledge of the world? The model of every stage is asked what all of them held out.
      </p>
      {work?.endedAt === null ? (
        <div class="work">
          <div class="meter" role="progressbar" aria-label={work.title} aria-valuenow={Math.round(share(work) * 100)} aria-valuemin={0} aria-valuemax={100}>
            <i style={{ width: `${share(work) * 100}%` }} />
          </div>
          <p class="run-figures" role="status">
            <span>{work.state === 'waiting' ? 'waits for the run before it' : progressWords(work)}</span>
            <button type="button" class="link" onClick={() => cancelRun(work.id)}>
              Stop
            </button>
          </p>
        </div>
      ) : (
        <>
          {(work?.error ?? (error && error.status !== 404 ? error : null)) && (
            <p class="trouble" role="alert">
              {(work?.error ?? error)!.message}
            </p>
          )}
          {workspace.data.value?.readOnly === false && error?.status !== 400 && (
            <button type="button" class="button first" onClick={measure}>
              {work?.state === 'cancelled' ? 'Go on asking' : 'Ask them'}
            </button>
          )}
        </>
      )}
    </div>
  );
}

/** Runs side by side, or as stages of learning, one after another. */
export function Comparison(): JSX.Element {
  const tab = openTab.value === 'stages' ? 'stages' : 'side';
  const names = tab === 'stages' ? inOrder.value : comparedRuns.value;
  return (
    <section class="middle" aria-label="Comparison">
      <div class="bar">
        <ListButton />
        <h1 class="cut run-name" title={names.join(', ')}>
          {names.join(', ')}
        </h1>
        <Tabs
          label="How they are compared"
          controls="comparison-panel"
          value={tab}
          tabs={[
            { value: 'side', label: 'Side by side' },
            { value: 'stages', label: 'One after another' },
          ]}
          onChange={(value) => go({ tab: value === 'stages' ? 'stages' : null }, { replace: true })}
        />
      </div>
      <div class="view" id="comparison-panel" role="tabpanel" aria-label={tab === 'side' ? 'Side by side' : 'One after another'}>
        {tab === 'side' ? (
          <ReportFrame key={names.join()} address={addressOf(names, false)} title="Runs side by side" file="compare" />
        ) : isMeasured.value ? (
          <ReportFrame key={`stages ${names.join()}`} address={addressOf(names, true)} title="One task after another" file="stages" />
        ) : (
          <Asking />
        )}
      </div>
    </section>
  );
}
