import type { Signal } from '@preact/signals';
import type { JSX } from 'preact';
import { Section } from '../parts/inspector-parts.tsx';
import { TryAgain } from '../parts/not-yet.tsx';
import { ScrollRegion } from '../parts/scroll-region.tsx';
import { go } from '../state/route.ts';
import type { InspectAttributed } from '../state/types.ts';
import { AskRow, Prompt } from './ask.tsx';
import { amountOf, type Component, componentWords, type Measure, signed, strongest } from './attribution.ts';
import { AttributionPlot } from './attribution-plot.tsx';
import {
  againstDraft,
  answerDraft,
  attribute,
  attribution,
  attributionTrouble,
  baselineDraft,
  chooseMeasure,
  choosePart,
  chosenPart,
  isAttributionChanged,
  measure,
  receiverDraft,
} from './attribution-state.ts';
import { chosenModel, promptDraft } from './inspect-state.ts';
import { SignedBar } from './signed-bar.tsx';

function Word({ label, says, draft }: { label: string; says: string; draft: Signal<string> }): JSX.Element {
  return (
    <label class="inspected-prompt">
      <b>{label}</b>
      <input
        class="field"
        type="text"
        spellcheck={false}
        autocomplete="off"
        placeholder={says}
        value={draft.value}
        onInput={(event) => {
          draft.value = event.currentTarget.value;
        }}
      />
    </label>
  );
}

const measures: readonly (readonly [Measure, string])[] = [
  ['effect', 'What is lost when replaced'],
  ['logit', 'What each adds directly'],
];

/** One text, what is said next, and which components speak for it. */
export function AttributionView(): JSX.Element {
  const read = attribution.data.value;
  return (
    <ScrollRegion class="inspect-view" label="Attribution">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          attribute();
        }}
      >
        <Prompt label="Text" says="what the model goes on from" draft={promptDraft} />
        <div class="two-prompts attribution-words">
          <Word label="Answer" says="what the model says; else with the space in front" draft={answerDraft} />
          <Word label="Against" says="the likeliest other token" draft={againstDraft} />
        </div>
        <Prompt label="Replaced by" says="prompts, one a line: what hangs on each component, by path patching" draft={baselineDraft} />
        {baselineDraft.value.trim() !== '' && (
          <div class="two-prompts attribution-words">
            <Word label="Read by" says="23.0 or mlp 12, prompts as long as the text; else the last norm" draft={receiverDraft} />
          </div>
        )}
        <AskRow isLoading={attribution.loading.value} trouble={attributionTrouble.value} isOld={read !== null && isAttributionChanged.value} />
      </form>
      <TryAgain of={attribution} />
      {read ? (
        <>
          {read.baseline !== null && (
            <fieldset class="measures">
              <legend class="hidden-text">Shown</legend>
              {measures.map(([by, words]) => (
                <label key={by}>
                  <input type="radio" name="measure" checked={measure.value === by} onChange={() => chooseMeasure(by)} /> {words}
                </label>
              ))}
            </fieldset>
          )}
          <AttributionPlot read={read} model={chosenModel.value} by={measure.value} shown={chosenPart.value?.name ?? ''} onChoose={choosePart} />
        </>
      ) : (
        !attribution.error.value &&
        !attribution.loading.value && (
          <p class="quiet inspect-hint">
            At the last token every head and every feed-forward part adds something to what will be said. Which of them speak for the answer, and which for the
            token it is compared with? Try the text that stands here; with another prompt below it, such as one that asks of another country, you also see what
            the answer hangs on.
          </p>
        )
      )}
    </ScrollRegion>
  );
}

const told = 10;

/** The chosen component, what it adds and what hangs on it, and the strongest ones. */
export function PartDetails({ read }: { read: InspectAttributed }): JSX.Element {
  const by = measure.value;
  const part = chosenPart.value;
  const most = Math.max(1e-9, ...read.components.map((one) => Math.abs(amountOf(one, by))));
  const listed = read.components.filter((one) => one.kind !== 'bias' || Math.abs(one.logit) > 1e-6);
  const short = (one: Component): string => (one.kind === 'head' ? `head ${one.name}` : one.name);
  return (
    <aside class="inspector part-details" aria-label="Details of the component">
      <header>
        <p class="kind">{part ? componentWords(part) : ''}</p>
        <h2>{part && `${signed(amountOf(part, by))} logits`}</h2>
      </header>
      <ScrollRegion class="content" label="About the component">
        {part && (
          <Section>
            <dl class="numbers">
              <div>
                <dt>adds directly</dt>
                <dd>{signed(part.logit)}</dd>
              </div>
              <div>
                <dt>lost when replaced</dt>
                <dd>{part.effect !== null ? signed(part.effect) : read.baseline === null ? 'not asked' : 'not replaced'}</dd>
              </div>
            </dl>
            <label class="chosen-part">
              <span class="small quiet">Component</span>
              <select class="field" value={part.name} onChange={(event) => choosePart(event.currentTarget.value)}>
                {listed.map((one) => (
                  <option key={one.name} value={one.name}>
                    {short(one)}
                  </option>
                ))}
              </select>
            </label>
            {part.kind === 'head' && (
              <button type="button" class="link" onClick={() => go({ look: 'attention', head: part.name, cell: null })}>
                What it reads in this text
              </button>
            )}
          </Section>
        )}
        <Section title="the strongest">
          <ol class="alternatives">
            {strongest(read, by, told).map((one) => (
              <SignedBar
                key={one.name}
                text={short(one)}
                value={amountOf(one, by)}
                figure={signed(amountOf(one, by))}
                most={most}
                isChosen={one.name === part?.name}
                onChoose={() => choosePart(one.name)}
              />
            ))}
          </ol>
        </Section>
      </ScrollRegion>
    </aside>
  );
}
