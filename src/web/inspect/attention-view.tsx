import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { visible } from '../chat/tokens.ts';
import { Section } from '../parts/inspector-parts.tsx';
import { TryAgain } from '../parts/not-yet.tsx';
import { ScrollRegion } from '../parts/scroll-region.tsx';
import { TokenBar } from '../parts/token-bar.tsx';
import type { InspectAttentionRead } from '../state/types.ts';
import { AskRow, Prompt } from './ask.tsx';
import { drawnTo, type Head, headMoved, headName, readsOf } from './attention.ts';
import { AttentionPlot } from './attention-plot.tsx';
import {
  attention,
  chooseHead,
  chooseToken,
  chosenHead,
  chosenToken,
  lookAtAttention,
  patterns,
  pointedToken,
  shownRows,
  shownToken,
} from './attention-state.ts';
import { chosenModel, isLensChanged, lensTrouble, promptDraft } from './inspect-state.ts';

/** One text, and what its tokens read in a head. */
export function AttentionView(): JSX.Element {
  const read = attention.data.value;
  const head = chosenHead.value;
  const rows = shownRows.value;
  useEffect(
    () => () => {
      pointedToken.value = null;
    },
    [],
  );
  return (
    <ScrollRegion class="inspect-view" label="Attention">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          lookAtAttention();
        }}
      >
        <Prompt label="Text" says="its tokens are what reads and is read" draft={promptDraft} />
        <AskRow isLoading={attention.loading.value || patterns.loading.value} trouble={lensTrouble.value} isOld={read !== null && isLensChanged.value} />
      </form>
      <TryAgain of={attention.error.value ? attention : patterns} />
      {read && head && rows ? (
        <AttentionPlot
          read={read}
          model={chosenModel.value}
          head={head}
          rows={rows}
          shown={shownToken.value}
          onPoint={(place) => {
            pointedToken.value = place;
          }}
          onChoose={chooseToken}
        />
      ) : (
        !attention.error.value &&
        !attention.loading.value &&
        !read && (
          <p class="quiet inspect-hint">
            A head of a model reads some of the tokens before the one at hand, and brings what they hold to it. Which ones it reads is its attention: some heads
            look at the token before, some at what followed the same word earlier, some fetch an answer. Try the text that stands here.
          </p>
        )
      )}
    </ScrollRegion>
  );
}

const steps: Readonly<Record<string, readonly [down: number, right: number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** All heads as a grid, the stronger the more the last token's attention is drawn to one token from afar; one is reached by Tab and the others by arrows. */
function Heads({ read, chosen }: { read: InspectAttentionRead; chosen: Head }): JSX.Element {
  const press = (event: KeyboardEvent) => {
    const step = steps[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const next = headMoved(read, chosen, ...step);
    (event.currentTarget as HTMLElement).querySelector<HTMLElement>(`[data-head="${headName(next)}"]`)?.focus();
  };
  return (
    // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a grid is a table that is walked through by arrows
    <table role="grid" class="heads" aria-label="Heads: layers downwards, heads across" onKeyDown={press}>
      <tbody>
        {Array.from({ length: read.layers }, (_, layer) => (
          <tr key={layer}>
            <th scope="row">{layer}</th>
            {read.last.slice(layer * read.heads, (layer + 1) * read.heads).map((one) => {
              const isChosen = headName(one) === headName(chosen);
              return (
                <td
                  key={one.head}
                  // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a cell of a grid takes the focus
                  role="gridcell"
                  data-head={headName(one)}
                  tabIndex={isChosen ? 0 : -1}
                  aria-selected={isChosen}
                  aria-label={`head ${headName(one)}`}
                  title={`head ${headName(one)}`}
                  style={{ background: `color-mix(in srgb, var(--accent) ${(drawnTo(read, one) * 100).toFixed(1)}%, var(--paper))` }}
                  onFocus={() => chooseHead(one)}
                />
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const told = 6;

/** The head and the token that are chosen, and what that token reads there. */
export function HeadDetails({ read }: { read: InspectAttentionRead }): JSX.Element {
  const head = chosenHead.value;
  const rows = shownRows.value;
  const token = shownToken.value;
  return (
    <aside class="inspector head-details" aria-label="Details of the head">
      <header>
        <p class="kind">Head {head ? headName(head) : ''}, at the token</p>
        <h2>
          <code>{visible(read.tokens[token] ?? '')}</code>
        </h2>
      </header>
      <ScrollRegion class="content" label="About the head">
        <Section title="it reads">
          <ol class="alternatives">
            {(rows ? readsOf(rows, token, told) : []).map(({ place, weight }) => (
              <TokenBar key={place} text={read.tokens[place] ?? ''} probability={weight} />
            ))}
          </ol>
        </Section>
        <Section>
          <label class="slider">
            <span>Token</span>
            <input
              type="range"
              min={0}
              max={read.tokens.length - 1}
              step={1}
              value={chosenToken.value}
              onInput={(event) => chooseToken(event.currentTarget.valueAsNumber)}
            />
          </label>
        </Section>
        <Section title="heads">
          {head && <Heads read={read} chosen={head} />}
          <p class="hint">
            Layers downwards, heads across. The stronger, the more the last token’s attention goes to one token other than the first and the two last.
          </p>
        </Section>
      </ScrollRegion>
    </aside>
  );
}
