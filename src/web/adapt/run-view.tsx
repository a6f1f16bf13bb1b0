import type { JSX } from 'preact';
import { Icon } from '../parts/icons.tsx';
import { narrowPane } from '../parts/narrow.ts';
import { cancelRun, progressWords, share } from '../parts/runs-page.tsx';
import { ScrollRegion } from '../parts/scroll-region.tsx';
import { Tabs } from '../parts/tabs.tsx';
import { workspace } from '../state/data.ts';
import { go, openRun, openTab } from '../state/route.ts';
import type { AdaptRun, Run } from '../state/types.ts';
import { duration, number, percent, short } from '../state/words.ts';
import { adaptRuns, curve, goOn, shownRun, workOf } from './adapt-state.ts';
import { LossPlot } from './loss-plot.tsx';
import { learns, methodName } from './methods.ts';
import { ReportFrame } from './report-frame.tsx';
import { stateWords } from './run-list.tsx';
import { Talk } from './talk.tsx';

/** What there is to say beside the stage. */
function restWords(work: Run): string {
  const { state, progress } = work;
  if (state === 'waiting') return 'for the run before it';
  if (progress?.stage === 'training') return progressWords(work);
  return progress && progress.total > 0 ? `${number(progress.done)} of ${number(progress.total)}` : '';
}

function Work({ name, run, work }: { name: string; run: AdaptRun | null; work: Run | undefined }): JSX.Element | null {
  if (work?.endedAt === null)
    return (
      <div class="work">
        <div class="run-head">
          <p class="figure" role="status">
            <b>{work.state === 'waiting' ? 'waiting' : (work.progress?.stage ?? 'starting')}</b> {restWords(work)}
          </p>
          <button type="button" class="button" onClick={() => cancelRun(work.id)}>
            <Icon name="stop" size={15} /> Stop
          </button>
        </div>
        <div class="meter" role="progressbar" aria-label={work.title} aria-valuenow={Math.round(share(work) * 100)} aria-valuemin={0} aria-valuemax={100}>
          <i style={{ width: `${share(work) * 100}%` }} />
        </div>
        {work.progress?.current && <p class="why">{work.progress.current}</p>}
      </div>
    );
  if (run?.state === 'finished') return null;
  return (
    <div class="work">
      {work?.error && (
        <p class="trouble" role="alert">
          {work.error.message}
        </p>
      )}
      <div class="run-head">
        <p>
          {run && run.step > 0
            ? `Stopped at step ${number(run.step)}${run.steps === null ? '' : ` of ${number(run.steps)}`}. What was learnt is kept.`
            : 'Stopped before its first step.'}
        </p>
        {run?.resumable && workspace.data.value?.readOnly === false && (
          <button type="button" class="button first" onClick={() => goOn(name)}>
            Go on
          </button>
        )}
      </div>
      {run && !run.resumable && <p class="why">It was begun elsewhere: the same `lyceum adapt` command goes on with it.</p>}
    </div>
  );
}

function Change({ label, score }: { label: string; score: NonNullable<AdaptRun['task']> }): JSX.Element {
  const { before, after, difference, metric, n } = score;
  const points = Math.round((after - before) * 100);
  const isClear = difference !== null && (difference.low > 0 || difference.high < 0);
  return (
    <div class="change" title={`${metric}, ${number(n)} asked`}>
      <dt>{label}</dt>
      <dd>
        {percent(before)} <span aria-hidden="true">→</span>
        <span class="hidden-text"> to </span> {percent(after)}{' '}
        <span class={`delta${isClear ? (after > before ? ' up' : ' down') : ''}`}>
          {points > 0 ? '+' : points < 0 ? '−' : '±'}
          {Math.abs(points)}
          {difference !== null && !isClear ? ', no clear change' : ''}
        </span>
      </dd>
    </div>
  );
}

function Verdict({ run }: { run: AdaptRun }): JSX.Element | null {
  if (!run.verdict) return null;
  return (
    <div class="verdict">
      <p>{run.verdict}</p>
      <dl>
        {run.task && <Change label="task" score={run.task} />}
        {run.knowledge && <Change label="world knowledge" score={run.knowledge} />}
        {run.trainable !== null && (
          <div class="change">
            <dt>trained parameters</dt>
            <dd>{short(run.trainable)}</dd>
          </div>
        )}
        {run.seconds !== null && (
          <div class="change">
            <dt>of training</dt>
            <dd>{duration(run.seconds)}</dd>
          </div>
        )}
      </dl>
    </div>
  );
}

/** One run: how it learns, what it came to, and a talk with the model before and after. */
export function RunView(): JSX.Element {
  const name = openRun.value;
  const details = shownRun.data.value?.name === name ? shownRun.data.value : null;
  const work = workOf(name);
  const isOver = details?.state === 'finished';
  const wanted = openTab.value === 'stages' ? null : openTab.value;
  const tab = isOver ? (wanted ?? 'report') : 'training';
  const steps = details?.steps ?? (work?.progress?.stage === 'training' ? work.progress.total : null);
  const error = shownRun.error.value;
  const isListed = adaptRuns.data.value === null || adaptRuns.data.value.runs.some((run) => run.name === name);
  const address = `/api/adapt/runs/${encodeURIComponent(name)}/report`;
  return (
    <section class="middle" aria-label={`Run ${name}`}>
      <div class="bar">
        <ListButton />
        <h1 class="cut run-name" title={name}>
          {name}
        </h1>
        <span class={`state ${work?.endedAt === null ? 'running' : isOver ? 'done' : work?.state === 'failed' ? 'failed' : ''}`}>
          {stateWords(details, work)}
        </span>
        {isOver && (
          <Tabs
            label="What of the run"
            controls="run-panel"
            value={tab}
            tabs={[
              { value: 'report', label: 'Report' },
              { value: 'training', label: 'Training' },
              ...(details && learns(details.method) ? [{ value: 'talk' as const, label: 'Side by side' }] : []),
            ]}
            onChange={(value) => go({ tab: value === 'report' ? null : value }, { replace: true })}
          />
        )}
      </div>
      <div class="view" id="run-panel" {...(isOver && { role: 'tabpanel', 'aria-label': tab })}>
        {tab === 'talk' && details && learns(details.method) ? (
          <Talk run={details} />
        ) : tab === 'report' ? (
          <ReportFrame key={name} address={address} title={`Report of ${name}`} file={name} />
        ) : (
          <ScrollRegion class="run-view" label="Training">
            {details && (
              <p class="quiet">
                {details.model} · {methodName(details.method)} · {details.data}
                {details.from !== null && ` · starts from ${details.from}`}
              </p>
            )}
            {details && <Verdict run={details} />}
            {error ? (
              <p class="trouble" role="alert">
                {error.message}
              </p>
            ) : !details && !work ? (
              <p class="nothing">{isListed ? '' : 'There is no run of this name in the workspace.'}</p>
            ) : (
              <>
                <Work name={name} run={details} work={work} />
                {curve.value.length > 0 ? (
                  <LossPlot name={name} points={curve.value} steps={isOver ? null : steps} />
                ) : (
                  work?.endedAt === null && <p class="nothing">The losses are drawn here as they come.</p>
                )}
              </>
            )}
          </ScrollRegion>
        )}
      </div>
    </section>
  );
}

/** On a phone: between the list of runs and what is shown of them. */
export function ListButton(): JSX.Element {
  const isList = narrowPane.value === 'list';
  return (
    <button
      type="button"
      class="button plain icon narrow-only"
      aria-label={isList ? 'Hide the runs' : 'Show the runs'}
      aria-expanded={isList}
      onClick={() => {
        narrowPane.value = isList ? 'main' : 'list';
      }}
    >
      <Icon name="list" />
    </button>
  );
}
