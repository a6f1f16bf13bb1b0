import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { ScrollRegion } from '../parts/scroll-region.tsx';
import { go, namedSentence } from '../state/route.ts';
import { both, guard, type Judged } from './guard-state.ts';
import { piecesOf, reasonOf, shareWords, shownSentence } from './verdict.ts';

const strongest = 34; // % of the hue: words stay readable on it

const numberOf = (target: EventTarget | null): number | null => {
  const place = target instanceof HTMLElement ? target.closest<HTMLElement>('[data-place]') : null;
  return place ? Number(place.dataset['place']) : null;
};

/** The document sentence by sentence: the stronger its colour, the likelier it was injected. One stop for Tab, arrows walk through it. */
export function JudgedDocument({ judged }: { judged: Judged }): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const { scanned } = judged;
  const at = shownSentence(scanned, namedSentence.value);
  const last = scanned.segments.length - 1;
  // Without an answer, what the guard would withhold by its own policy.
  const withheld = (both.value?.policy ?? guard.value?.policy) === 'guarded';
  const bound = guard.value?.name === judged.guard ? guard.value.injected : 0;
  const move = (to: number) => go({ sentence: String(Math.max(0, Math.min(last, to))) }, { replace: true });
  const press = (event: KeyboardEvent) => {
    const steps: Record<string, number> = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: last };
    const to = steps[event.key];
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    move(to);
  };
  useEffect(() => {
    box.current?.querySelector(`[data-place="${at}"]`)?.scrollIntoView({ block: 'nearest' });
  }, [at, scanned]);
  return (
    <div
      ref={box}
      class="judged"
      role="listbox"
      aria-label="The document, sentence by sentence"
      tabIndex={0}
      aria-activedescendant={last < 0 ? undefined : `sentence-${at}`}
      onKeyDown={press}
      onClick={(event) => {
        const place = numberOf(event.target);
        // Words that were marked to be copied are no choice.
        if (place !== null && getSelection()?.isCollapsed !== false) move(place);
      }}
    >
      {piecesOf(judged.document, scanned).map((piece, order) => {
        if (typeof piece === 'string') return piece;
        const sentence = scanned.segments[piece]!;
        const { text, injected, suspected } = sentence;
        return (
          // biome-ignore lint/a11y/useFocusableInteractive: the text has the focus and names the active sentence (aria-activedescendant)
          <span
            key={order}
            id={`sentence-${piece}`}
            data-place={piece}
            class={`judged-sentence${suspected ? (withheld ? ' withheld' : ' suspected') : ''}${piece === at ? ' chosen' : ''}`}
            role="option"
            aria-selected={piece === at}
            style={{ '--tint': `${(injected * strongest).toFixed(1)}%` }}
          >
            {suspected && <span class="hidden-text">{withheld ? 'withheld: ' : 'suspected: '}</span>}
            <span class="words">{text}</span>
            {suspected ? <span class="share figure">{reasonOf(sentence, bound)}</span> : <span class="hidden-text">, injected {shareWords(injected)}</span>}
          </span>
        );
      })}
    </div>
  );
}

/** The sentence that is chosen, and why it is suspected or not. */
export function SentenceDetails({ judged }: { judged: Judged }): JSX.Element | null {
  const { segments } = judged.scanned;
  const at = shownSentence(judged.scanned, namedSentence.value);
  const sentence = segments[at];
  if (!sentence) return null;
  const { injected, restated, suspected } = sentence;
  const bounds = guard.value?.name === judged.guard ? guard.value : null;
  return (
    <aside class="sentence-details" aria-label="Details of the sentence">
      <h3>
        Sentence {at + 1} of {segments.length}: {suspected ? 'suspected' : 'not suspected'}
      </h3>
      <dl>
        <dt>looks injected</dt>
        <dd class="figure">{shareWords(injected)}</dd>
        <dd class="quiet small">{bounds && `suspected from ${shareWords(bounds.injected)}`}</dd>
        {judged.question !== '' && (
          <>
            <dt>is like the question</dt>
            <dd class="figure">{restated.toFixed(2)}</dd>
            <dd class="quiet small">
              {bounds?.restated == null
                ? 'this guard has no bound for it'
                : `suspected above ${bounds.restated.toFixed(2)}, where the question is like those it knows`}
            </dd>
          </>
        )}
      </dl>
    </aside>
  );
}

/** The document as it was judged, with the sentence that is told of. */
export const JudgedPane = ({ judged }: { judged: Judged }): JSX.Element => (
  <>
    <ScrollRegion class="judged-box" label="The judged document">
      <JudgedDocument judged={judged} />
    </ScrollRegion>
    <SentenceDetails judged={judged} />
  </>
);
