import type { JSX } from 'preact';
import icon from '../icon.svg';
import { activeRuns, workspace } from '../state/data.ts';
import { connection } from '../state/live.ts';
import { go } from '../state/route.ts';
import { commands } from './commands.ts';
import { Icon } from './icons.tsx';
import { progressWords, share } from './runs-page.tsx';
import { Search } from './search.tsx';

const around = 2 * Math.PI * 8;

/** A ring that fills, with the number of runs under way; opens them. */
function RunRing(): JSX.Element | null {
  const runs = activeRuns.value;
  const first = runs.find(({ state }) => state === 'running') ?? runs[0];
  if (!first) return null;
  return (
    <button type="button" class="button plain ring" title={`${first.title}: ${progressWords(first)}`} onClick={() => go({}, { page: 'runs' })}>
      <svg width="20" height="20" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
        <circle class="track" cx="10" cy="10" r="8" />
        <circle class="part" cx="10" cy="10" r="8" stroke-dasharray={`${Math.max(0.04, share(first)) * around} ${around}`} transform="rotate(-90 10 10)" />
      </svg>
      <span class="figure">{runs.length}</span>
      <span class="hidden-text">
        running: {first.title}, {progressWords(first)}
      </span>
    </button>
  );
}

export function Top(): JSX.Element {
  const known = workspace.data.value;
  return (
    <header class="top">
      <div class="brand">
        <img src={icon} alt="" />
        <strong>Lyceum</strong>
        {known && <span class="quiet cut">{known.name}</span>}
        {known?.readOnly && <span class="state">reading only</span>}
      </div>
      <Search />
      <div class="top-end">
        {connection.value === 'lost' && (
          <span class="offline" role="status">
            <Icon name="warning" size={14} /> no connection, trying again
          </span>
        )}
        <RunRing />
        <button
          type="button"
          class="button plain icon wide-only"
          aria-label="Keys"
          title="Keys (?)"
          onClick={() => commands.find(({ key }) => key === '?')?.run()}
        >
          ?
        </button>
      </div>
    </header>
  );
}
