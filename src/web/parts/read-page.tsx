import type { JSX } from 'preact';
import { activeRuns, workspace } from '../state/data.ts';
import { go, openDocument, selection, type View, view } from '../state/route.ts';
import { DocumentView } from './document-view.tsx';
import { FactFilters } from './filters.tsx';
import { GraphView } from './graph-view.tsx';
import { Icon } from './icons.tsx';
import { Inspector } from './inspector.tsx';
import { MergeReview } from './merge-review.tsx';
import { narrowPane } from './narrow.ts';
import { NotYet } from './not-yet.tsx';
import { cancelRun, progressWords, share } from './runs-page.tsx';
import { Side } from './side.tsx';
import { Tabs } from './tabs.tsx';
import { TrendsView } from './trends-view.tsx';
import { Welcome } from './welcome.tsx';

/** Reading under way, above what it fills. */
function ReadingNow(): JSX.Element | null {
  const run = activeRuns.value.find(({ kind }) => kind === 'read');
  if (!run) return null;
  return (
    <div class="reading" role="status">
      <div class="thin-progress">
        <i style={{ transform: `scaleX(${Math.max(0.02, share(run))})` }} />
      </div>
      <span class="cut">
        {run.title}: {progressWords(run)}
        {run.progress?.current ? ` · ${run.progress.current}` : ''}
      </span>
      <button type="button" class="link" onClick={() => cancelRun(run.id)}>
        Cancel
      </button>
    </div>
  );
}

/** Documents at the left, the picture in the middle, what is selected at the right. */
export function ReadPage(): JSX.Element {
  const known = workspace.data.value;
  if (!known) return <NotYet of={workspace} />;
  if (known.counts.documents === 0) {
    return (
      <main class="read empty" id="main">
        <div class="middle">
          <ReadingNow />
          <Welcome />
        </div>
      </main>
    );
  }
  const tabs: { value: View; label: string; badge?: number | null }[] = [
    { value: 'graph', label: 'Graph' },
    ...(openDocument.value || view.value === 'document' ? [{ value: 'document' as const, label: 'Document' }] : []),
    { value: 'trends', label: 'Trends' },
    { value: 'merges', label: 'Merges', badge: known.counts.proposals || null },
  ];
  return (
    <main class={`read${selection.value ? '' : ' alone'}`} id="main" data-narrow={narrowPane.value}>
      <Side />
      <section class="middle" aria-label="Picture">
        <ReadingNow />
        <div class="bar">
          <button
            type="button"
            class="button plain icon narrow-only"
            aria-label={narrowPane.value === 'list' ? 'Hide the lists' : 'Show the lists'}
            aria-expanded={narrowPane.value === 'list'}
            onClick={() => {
              narrowPane.value = narrowPane.value === 'list' ? 'main' : 'list';
            }}
          >
            <Icon name="list" />
          </button>
          <Tabs label="Show" controls="view" value={view.value} onChange={(next) => go({ view: next === 'graph' ? null : next })} tabs={tabs} />
          {view.value === 'graph' && <FactFilters />}
        </div>
        <div id="view" class="view" role="tabpanel" aria-label={tabs.find(({ value }) => value === view.value)?.label ?? 'Picture'}>
          {view.value === 'graph' && <GraphView />}
          {view.value === 'document' && <DocumentView />}
          {view.value === 'trends' && <TrendsView />}
          {view.value === 'merges' && <MergeReview />}
        </div>
      </section>
      <Inspector />
    </main>
  );
}
