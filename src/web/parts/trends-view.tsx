import type { JSX } from 'preact';
import { go, trendMode } from '../state/route.ts';
import { EntityTrends } from './entity-trends.tsx';
import { KindTrends } from './kind-trends.tsx';
import { Tabs } from './tabs.tsx';

const modes = [
  { value: 'entity', label: 'One entity' },
  { value: 'kinds', label: 'Kinds of entities' },
] as const;

/** How relations went over the years: of one entity, or between two kinds. */
export function TrendsView(): JSX.Element {
  const mode = trendMode.value;
  return (
    <div class="trends">
      <Tabs label="Trends of" controls="trends-panel" value={mode} tabs={modes} onChange={(next) => go({ trends: next === 'kinds' ? next : null })} />
      <div id="trends-panel" role="tabpanel" aria-label={modes.find(({ value }) => value === mode)!.label}>
        {mode === 'entity' ? <EntityTrends /> : <KindTrends />}
      </div>
    </div>
  );
}
