import type { JSX } from 'preact';
import { bytesOf } from '../chat/gauges.tsx';
import { generating } from '../chat/model-choice.ts';
import { ModelSelect } from '../chat/model-select.tsx';
import { Section } from '../parts/inspector-parts.tsx';
import { cancelRun, progressWords, share } from '../parts/runs-page.tsx';
import { workspace } from '../state/data.ts';
import type { Run } from '../state/types.ts';
import { counted, duration, percent, short } from '../state/words.ts';
import {
  askPrice,
  backToUsual,
  choose,
  chosenModel,
  chosenOrigin,
  isUsual,
  origins,
  price,
  type Recipe,
  recipe,
  request,
  start,
  startTrouble,
  underWay,
} from './adapt-state.ts';
import { learns, type MethodChoice, mixtures, otherMethods, ranked, sizes, usualMethods } from './methods.ts';

function Method({ method }: { method: MethodChoice }): JSX.Element {
  return (
    <label class="option">
      <input type="radio" name="method" checked={recipe.value.method === method.kind} onChange={() => choose({ method: method.kind })} />
      <span>
        <b>{method.name}</b>
        <span class="why">{method.says}</span>
      </span>
    </label>
  );
}

interface FigureProps {
  readonly name: { readonly [Key in keyof Recipe]: Recipe[Key] extends number | null ? Key : never }[keyof Recipe] & keyof Recipe;
  readonly label: string;
  readonly usual: string;
  readonly min: number;
  readonly max: number;
  readonly step?: number | 'any';
}

/** A number that a size decides where it is left empty. */
function Figure({ name, label, usual, min, max, step = 1 }: FigureProps): JSX.Element {
  return (
    <label>
      {label}
      <input
        class="field figure"
        type="number"
        min={min}
        max={max}
        step={step}
        placeholder={usual}
        value={recipe.value[name] ?? ''}
        onChange={({ currentTarget }) => {
          const value = currentTarget.valueAsNumber;
          const inside = Math.min(max, Math.max(min, step === 1 ? Math.round(value) : value));
          choose({ [name]: Number.isFinite(value) ? inside : null });
        }}
      />
    </label>
  );
}

function FineSettings(): JSX.Element {
  const { method, replay, keep } = recipe.value;
  return (
    <details class="fine">
      <summary>Fine settings{isUsual.value ? '' : ' (changed)'}</summary>
      <div class="sampling">
        <label class="slider">
          <span>
            Replay of general samples <b class="figure">{percent(replay)}</b>
          </span>
          <input type="range" min={0} max={0.5} step={0.05} value={replay} onInput={(event) => choose({ replay: event.currentTarget.valueAsNumber })} />
          <span class="why">{replay > 0 ? 'Read again among the samples, against forgetting.' : 'None: the model sees only your samples.'}</span>
        </label>
        <div class="two">
          <Figure name="epochs" label="Passes" usual="by size" min={1} max={1000} />
          <Figure name="length" label="Tokens a row" usual="by size" min={16} max={8192} />
          <Figure name="learningRate" label="Learning rate" usual="by method" min={1e-7} max={1} step="any" />
          <Figure name="seed" label="Seed" usual="1" min={0} max={2 ** 31 - 1} />
          {ranked.has(method) && <Figure name="rank" label="Rank" usual="by size" min={1} max={512} />}
          {mixtures.has(method) && <Figure name="experts" label="Experts" usual="by method" min={1} max={64} />}
          {method === 'loramoe' && <Figure name="balance" label="Balance" usual="0.1" min={0} max={100} step="any" />}
          <Figure name="memoryGb" label="Memory, GB" usual="no limit" min={0.5} max={1000} step="any" />
        </div>
        <label>
          Weights in the end
          <select class="field" value={keep} onChange={(event) => choose({ keep: event.currentTarget.value as Recipe['keep'] })}>
            <option value="best">of the lowest held-out loss</option>
            <option value="last">of the last step</option>
          </select>
        </label>
        {!isUsual.value && (
          <button type="button" class="link small" onClick={backToUsual}>
            Back to the defaults
          </button>
        )}
      </div>
    </details>
  );
}

const counts = (result: NonNullable<Run['result']>, name: string): number => result[name] ?? 0;

function Price({ run }: { run: Run }): JSX.Element {
  if (run.endedAt === null)
    return (
      <div class="price">
        <div class="meter" role="progressbar" aria-label={run.title} aria-valuenow={Math.round(share(run) * 100)} aria-valuemin={0} aria-valuemax={100}>
          <i style={{ width: `${Math.max(0.03, share(run)) * 100}%` }} />
        </div>
        <p class="run-figures" role="status">
          <span>{run.state === 'waiting' ? 'waits for the run before it' : progressWords(run)}</span>
          <button type="button" class="link" onClick={() => cancelRun(run.id)}>
            Cancel
          </button>
        </p>
      </div>
    );
  if (run.error)
    return (
      <p class="trouble" role="alert">
        {run.error.message}
      </p>
    );
  const { result } = run;
  if (!result) return <p class="why">Working it out was cancelled.</p>;
  const warnings = [
    ...run.notes,
    counts(result, 'contaminated') > 0 &&
      `${counted(counts(result, 'contaminated'), 'held-out sample')} also stand in the training data: their score says little.`,
    counts(result, 'contaminatedFacts') > 0 &&
      `${counted(counts(result, 'contaminatedFacts'), 'fact')} asked about the world also stand in what is learnt: world knowledge afterwards is in part what the model was just told.`,
    counts(result, 'refused') > 0 && `${counted(counts(result, 'refused'), 'sample')} left out as too long.`,
    counts(result, 'cut') > 0 && `${counted(counts(result, 'cut'), 'sample')} cut to fit.`,
  ].filter((warning): warning is string => typeof warning === 'string');
  return (
    <div class="price" role="status">
      <dl class="numbers">
        <div>
          <dt>of training, about</dt>
          <dd>{duration(counts(result, 'seconds'))}</dd>
        </div>
        <div>
          <dt>of memory</dt>
          <dd>{bytesOf(counts(result, 'memoryBytes'))}</dd>
        </div>
      </dl>
      <p class="why">
        {counted(counts(result, 'steps'), 'step')}, {short(counts(result, 'tokens'))} tokens, {short(counts(result, 'trainable'))} trained parameters.{' '}
        {counted(counts(result, 'training'), 'sample')} to learn, {counts(result, 'heldOut')} held out, {percent(counts(result, 'replayShare'))} replayed.
        Questions before and after come on top.
      </p>
      {warnings.map((warning) => (
        <p key={warning} class="why warn">
          {warning}
        </p>
      ))}
    </div>
  );
}

/** The run that it goes on from, where there is one that it could. */
function Origin(): JSX.Element | null {
  if (origins.value.length === 0) return null;
  return (
    <Section title="start">
      <select class="field" aria-label="Starts from" value={chosenOrigin.value ?? ''} onChange={(event) => choose({ from: event.currentTarget.value || null })}>
        <option value="">the model itself</option>
        {origins.value.map(({ name }) => (
          <option key={name} value={name}>
            what {name} learnt
          </option>
        ))}
      </select>
      {chosenOrigin.value !== null && <p class="why">One task after another, with the settings of that run. Before then means: with what it learnt.</p>}
    </Section>
  );
}

/** What only those methods have that learn. */
function Learning(): JSX.Element {
  const { size } = recipe.value;
  return (
    <>
      <Origin />
      <Section title="size">
        <fieldset class="choice">
          <legend class="hidden-text">Size</legend>
          {sizes.map((one) => (
            <label key={one.size}>
              <input type="radio" name="size" checked={size === one.size} onChange={() => choose({ size: one.size })} />
              {one.size}
            </label>
          ))}
        </fieldset>
        <p class="why">{sizes.find((one) => one.size === size)?.says}</p>
      </Section>
      <Section>
        <FineSettings />
      </Section>
    </>
  );
}

/** Model, method and size; what they take; the start. */
export function RecipePanel(): JSX.Element {
  const about = generating.value.find(({ name }) => name === chosenModel.value);
  const { method } = recipe.value;
  const run = price.value;
  const isPriced = run?.state === 'done' && run.result !== null;
  const cannot = request.value === null || workspace.data.value?.readOnly === true;
  const waits = underWay.value.some(({ subject }) => subject !== null);
  return (
    <section class="inspector recipe" aria-label="How it is learnt">
      <div class="content">
        <Section title="model">
          <ModelSelect value={chosenModel.value} onChoose={(model) => choose({ model })} />
          {about && (
            <p class="why">
              {[about.family, about.parameters ? `${short(about.parameters)} parameters` : null, bytesOf(about.sizeBytes)].filter(Boolean).join(' · ')}
            </p>
          )}
        </Section>
        <Section title="method">
          <fieldset class="options">
            <legend class="hidden-text">Method</legend>
            {usualMethods.map((one) => (
              <Method key={one.kind} method={one} />
            ))}
            <details class="fine" open={otherMethods.some(({ kind }) => kind === method)}>
              <summary>Other methods</summary>
              {otherMethods.map((one) => (
                <Method key={one.kind} method={one} />
              ))}
            </details>
          </fieldset>
        </Section>
        {learns(method) ? (
          <Learning />
        ) : (
          <Section>
            <p class="why">The held-out samples are asked before and after, as of any run, so the report compares with it.</p>
          </Section>
        )}
      </div>
      <div class="recipe-foot">
        {run && <Price run={run} />}
        {startTrouble.value && (
          <p class="trouble" role="alert">
            {startTrouble.value}
          </p>
        )}
        {waits && <p class="why">A run is under way; another one waits until it is over.</p>}
        <div class="side-foot">
          {isPriced ? (
            <button type="button" class="button first" disabled={cannot} onClick={start}>
              {learns(method) ? 'Start training' : 'Start'}
            </button>
          ) : (
            <>
              <button type="button" class="button first" disabled={cannot || (run !== null && run.endedAt === null)} onClick={askPrice}>
                What would it take?
              </button>
              <button type="button" class="button" disabled={cannot} onClick={start}>
                Start
              </button>
            </>
          )}
        </div>
      </div>
    </section>
  );
}
