import type { JSX } from 'preact';
import { Section } from '../parts/inspector-parts.tsx';
import { TryAgain } from '../parts/not-yet.tsx';
import { ScrollRegion } from '../parts/scroll-region.tsx';
import { go } from '../state/route.ts';
import type { InspectHeadsScored } from '../state/types.ts';
import { AskRow } from './ask.tsx';
import { headName, headOf } from './attention.ts';
import { HeadMap } from './head-map.tsx';
import { headKinds, kindWords, ranked, two } from './head-scores.ts';
import { chooseScore, chosenScore, isSeedChanged, scored, scoreHeads, seedDraft } from './heads-state.ts';
import { SignedBar } from './signed-bar.tsx';

/** What kinds of heads a model has: a map for each kind. */
export function HeadsView(): JSX.Element {
  const read = scored.data.value;
  return (
    <ScrollRegion class="inspect-view" label="Kinds of heads">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          scoreHeads();
        }}
      >
        <label class="inspected-prompt heads-seed">
          <b>Seed</b> <span class="quiet small">of the random texts that heads are tried on</span>
          <input
            class="field"
            type="number"
            min={0}
            max={4_294_967_295}
            step={1}
            required
            value={seedDraft.value}
            onInput={(event) => {
              if (Number.isInteger(event.currentTarget.valueAsNumber)) seedDraft.value = event.currentTarget.valueAsNumber;
            }}
          />
        </label>
        <AskRow isLoading={scored.loading.value} trouble={null} isOld={read !== null && isSeedChanged.value} />
      </form>
      <TryAgain of={scored} />
      {read ? (
        <div class="head-maps">
          {headKinds.map((kind) => (
            <HeadMap key={kind} read={read} kind={kind} shown={chosenScore.value} onChoose={chooseScore} />
          ))}
        </div>
      ) : (
        !scored.error.value &&
        !scored.loading.value && (
          <p class="quiet inspect-hint">
            Some heads of a model do one thing whatever the text says: read the token before, find where the same token came first, or what followed it then,
            and say again what they read. Texts of random tokens that come twice show which ones. It takes some seconds with a small model.
          </p>
        )
      )}
    </ScrollRegion>
  );
}

const told = 4; // heads of a kind

/** The chosen head, what it is like, and the strongest of each kind. */
export function ScoreDetails({ read }: { read: InspectHeadsScored }): JSX.Element {
  const shown = chosenScore.value;
  const name = shown ? headName(shown) : '';
  return (
    <aside class="inspector score-details" aria-label="Details of the head">
      <header>
        <p class="kind">Head</p>
        <h2>{name}</h2>
      </header>
      <ScrollRegion class="content" label="About the head">
        {shown && (
          <Section>
            <dl class="numbers">
              {headKinds.map((kind) => (
                <div key={kind}>
                  <dt>{kindWords[kind].name.toLowerCase()}</dt>
                  <dd>{two(shown[kind])}</dd>
                </div>
              ))}
            </dl>
            <label class="chosen-part">
              <span class="small quiet">Head</span>
              <select
                class="field"
                value={name}
                onChange={(event) => {
                  const head = headOf(read, event.currentTarget.value);
                  if (head) chooseScore(head);
                }}
              >
                {read.scores.map((score) => (
                  <option key={headName(score)} value={headName(score)}>
                    {headName(score)}
                  </option>
                ))}
              </select>
            </label>
            <button type="button" class="link" onClick={() => go({ look: 'attention', head: name, cell: null })}>
              What it reads in a text
            </button>
          </Section>
        )}
        {headKinds.map((kind) => (
          <Section key={kind} title={kindWords[kind].name}>
            <ol class="alternatives">
              {ranked(read, kind, told).map((score) => (
                <SignedBar
                  key={headName(score)}
                  text={headName(score)}
                  value={score[kind]}
                  figure={two(score[kind])}
                  most={1}
                  isChosen={headName(score) === name}
                  onChoose={() => chooseScore(score)}
                />
              ))}
            </ol>
          </Section>
        ))}
      </ScrollRegion>
    </aside>
  );
}
