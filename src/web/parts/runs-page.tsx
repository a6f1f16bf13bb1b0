import type { JSX } from 'preact';
import { remove } from '../state/api.ts';
import { allRuns, workspace } from '../state/data.ts';
import { go } from '../state/route.ts';
import { complain } from '../state/toasts.ts';
import type { Run } from '../state/types.ts';
import { counted, duration, number } from '../state/words.ts';
import { openReadDialog } from './read-dialog.tsx';

const stateWords: Readonly<Record<Run['state'], string>> = { waiting: 'waiting', running: 'running', done: 'done', failed: 'failed', cancelled: 'cancelled' };
const time = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', hour12: false });

export const cancelRun = (id: string): void => {
  remove(`/api/runs/${id}`).catch(complain);
};

/** "12 of 40 · 3.1 a second · 9 s left". */
export function progressWords({ kind, progress }: Run): string {
  if (!progress) return kind === 'load' ? 'loading' : 'starting';
  if (kind === 'adapt' && progress.stage !== 'training')
    return progress.total > 0 ? `${progress.stage}: ${number(progress.done)} of ${number(progress.total)}` : progress.stage;
  const parts = [progress.total > 0 ? `${number(progress.done)} of ${number(progress.total)}` : number(progress.done)];
  if (progress.perSecond !== null) parts.push(`${progress.perSecond.toFixed(progress.perSecond < 10 ? 1 : 0)} a second`);
  if (progress.secondsLeft !== null) parts.push(`${duration(progress.secondsLeft)} left`);
  return parts.join(' · ');
}

export const share = ({ progress }: Run): number => (progress && progress.total > 0 ? Math.min(1, progress.done / progress.total) : 0);

function RunEntry({ run }: { run: Run }): JSX.Element {
  const isOpen = run.state === 'running' || run.state === 'waiting';
  return (
    <li class="run">
      <div class="run-head">
        <h2 title={run.title}>{run.title}</h2>
        <span class="quiet small figure">{time.format(new Date(run.createdAt))}</span>
        <span class={`state ${run.state}`}>{stateWords[run.state]}</span>
        {isOpen && (
          <button type="button" class="button" aria-label={`Cancel ${run.title}`} onClick={() => cancelRun(run.id)}>
            Cancel
          </button>
        )}
      </div>
      {isOpen && (
        <>
          <div class="meter" role="progressbar" aria-label={run.title} aria-valuenow={Math.round(share(run) * 100)} aria-valuemin={0} aria-valuemax={100}>
            <i style={{ width: `${share(run) * 100}%` }} />
          </div>
          <p class="run-figures">
            <span>{progressWords(run)}</span>
            {run.progress?.current && <span class="cut">{run.progress.current}</span>}
          </p>
        </>
      )}
      {run.result && run.kind === 'adapt' && (
        <p class="run-figures">
          <span>
            <b>{number(run.result['steps'] ?? 0)}</b> steps of <b>{number(run.result['tokens'] ?? 0)}</b> tokens, {run.subject ? 'in' : 'about'}{' '}
            <b>{duration(run.result['seconds'] ?? 0)}</b>
          </span>
          {run.subject && (
            <button type="button" class="link" onClick={() => go({ run: run.subject, tab: null, compare: null }, { page: 'adapt' })}>
              Open
            </button>
          )}
        </p>
      )}
      {run.result && run.kind !== 'adapt' && (
        <p class="run-figures">
          {Object.entries(run.result).map(([name, value]) => (
            <span key={name}>
              <b>{name === 'seconds' ? duration(value) : number(value)}</b> {name === 'seconds' ? '' : name}
            </span>
          ))}
        </p>
      )}
      {run.state === 'cancelled' && run.kind === 'read' && (
        <p class="run-figures">What had been read stays. The same folder, read again, goes on where this stopped.</p>
      )}
      {run.state === 'cancelled' && run.kind === 'adapt' && run.subject && (
        <p class="run-figures">What was learnt stays. On the Adapt page it goes on where it stopped.</p>
      )}
      {run.error && (
        <p class="trouble" role="alert">
          {run.error.message}
        </p>
      )}
      {run.skipped.length > 0 && (
        <details class="skips">
          <summary>{counted(run.skipped.length, 'input')} could not be read</summary>
          <ul>
            {run.skipped.map(({ path, reason }) => (
              <li key={path}>
                <b>{path}</b> — {reason}
              </li>
            ))}
          </ul>
        </details>
      )}
    </li>
  );
}

/** What this server is doing and has done since it started. */
export function RunsPage(): JSX.Element {
  const runs = allRuns.value;
  return (
    <main class="single" id="main">
      <div class="review-head">
        <div>
          <h1>Runs</h1>
          <p class="quiet">What this server reads and loads, and has since it was started.</p>
        </div>
        {workspace.data.value?.readOnly === false && (
          <button type="button" class="button first" onClick={openReadDialog}>
            Read more
          </button>
        )}
      </div>
      {runs.length === 0 ? (
        <p class="nothing">Nothing has run yet. Reading a folder starts a run; it goes on when this page is closed.</p>
      ) : (
        <ul class="run-list">
          {runs.map((run) => (
            <RunEntry key={run.id} run={run} />
          ))}
        </ul>
      )}
    </main>
  );
}
