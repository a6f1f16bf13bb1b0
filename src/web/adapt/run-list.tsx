import { signal } from '@preact/signals';
import type { JSX } from 'preact';
import { Icon } from '../parts/icons.tsx';
import { narrowPane } from '../parts/narrow.ts';
import { share } from '../parts/runs-page.tsx';
import { comparedRuns, go, openRun } from '../state/route.ts';
import type { AdaptRun, Run } from '../state/types.ts';
import { percent } from '../state/words.ts';
import { adaptRuns, underWay, workOf } from './adapt-state.ts';
import { methodName } from './methods.ts';

/** Runs that are to be compared. */
const marked = signal<ReadonlySet<string>>(new Set());

const toggle = (name: string): void => {
  const next = new Set(marked.peek());
  if (!next.delete(name)) next.add(name);
  marked.value = next;
};
const open = (name: string | null): void => {
  narrowPane.value = 'main';
  go({ run: name, tab: null, compare: null });
};

/** "training, 42 %", "stopped at step 12", "finished". */
export function stateWords(run: Pick<AdaptRun, 'state' | 'step' | 'steps'> | null, work: Run | undefined): string {
  if (work?.endedAt === null)
    return work.state === 'waiting' ? 'waits' : work.progress?.stage === 'training' ? `training, ${percent(share(work))}` : 'under way';
  if (run?.state === 'finished') return 'finished';
  if (work?.state === 'failed') return 'failed';
  return run && run.step > 0 ? `stopped at step ${run.step}` : 'stopped';
}

function Entry({ name, run, work, comparable }: { name: string; run: AdaptRun | null; work: Run | undefined; comparable: boolean }): JSX.Element {
  const isOpen = openRun.value === name && comparedRuns.value.length === 0;
  const isOver = run?.state === 'finished';
  return (
    <li class="run-entry" data-open={isOpen}>
      {isOver && comparable ? (
        <input type="checkbox" aria-label={`Compare ${name}`} title="Compare" checked={marked.value.has(name)} onChange={() => toggle(name)} />
      ) : (
        <i class={`dot${work?.endedAt === null ? ' hue-1' : ''}`} aria-hidden="true" />
      )}
      <button type="button" class="body" aria-current={isOpen ? 'true' : undefined} onClick={() => open(name)}>
        <span class="cut">{name}</span>
        <span class="under cut">{[run && methodName(run.method), stateWords(run, work)].filter(Boolean).join(' · ')}</span>
      </button>
    </li>
  );
}

/** Runs of the workspace, those under way first, and what can be begun. */
export function RunList(): JSX.Element {
  const runs = adaptRuns.data.value?.runs ?? [];
  const known = new Set(runs.map(({ name }) => name));
  const young = underWay.value.flatMap(({ subject }) => (subject !== null && !known.has(subject) ? [subject] : []));
  const comparable = runs.filter(({ state }) => state === 'finished').length > 1;
  const compared = runs.filter(({ name, state }) => state === 'finished' && marked.value.has(name)).map(({ name }) => name);
  return (
    <section class="side" aria-label="Runs">
      <div class="bar">
        <button
          type="button"
          class="button wide"
          aria-current={openRun.value === '' && comparedRuns.value.length === 0 ? 'true' : undefined}
          onClick={() => open(null)}
        >
          <Icon name="plus" size={15} /> Teach a model
        </button>
      </div>
      <div class="side-panel">
        {adaptRuns.error.value ? (
          <p class="trouble" role="alert">
            {adaptRuns.error.value.message}
          </p>
        ) : runs.length + young.length === 0 ? (
          <p class="nothing">{adaptRuns.loading.value ? '' : 'No runs yet. Each one stays here with its report.'}</p>
        ) : (
          <ul class="run-entries">
            {[...new Set(young)].map((name) => (
              <Entry key={name} name={name} run={null} work={workOf(name)} comparable={false} />
            ))}
            {runs.map((run) => (
              <Entry key={run.name} name={run.name} run={run} work={workOf(run.name)} comparable={comparable} />
            ))}
          </ul>
        )}
      </div>
      {comparable && (
        <div class="side-foot">
          <button
            type="button"
            class="button"
            disabled={compared.length < 2}
            title={compared.length < 2 ? 'Mark two finished runs or more' : undefined}
            onClick={() => {
              narrowPane.value = 'main';
              go({ compare: compared.join(','), run: null, tab: null });
            }}
          >
            {compared.length < 2 ? 'Mark runs to compare' : `Compare ${compared.length} runs`}
          </button>
        </div>
      )}
    </section>
  );
}
