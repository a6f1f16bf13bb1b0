import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Elapsed } from '../chat/elapsed.tsx';
import { Icon } from '../parts/icons.tsx';
import { ScrollRegion } from '../parts/scroll-region.tsx';
import type { AdaptRunDetails } from '../state/types.ts';
import { askBoth, clearTalk, type Said, stopTalk, talkDraft, talks, talkUnderWay } from './talk-state.ts';

const waits: Readonly<Record<string, string>> = { waiting: 'its turn comes next', loading: 'loading', writing: 'reading' };

function Answer({ said, of }: { said: Said; of: string }): JSX.Element {
  const { text, state, error, tokensPerSecond } = said;
  const isOpen = state === 'waiting' || state === 'loading' || state === 'writing';
  return (
    <article class="said-by" aria-label={`Answer of ${of}`} aria-busy={isOpen}>
      {text !== '' && <p class="said">{text}</p>}
      {isOpen && text === '' && (
        <p class="waiting quiet">
          {state !== 'waiting' && <i class="pulse" aria-hidden="true" />}
          {waits[state]} {state !== 'waiting' && <Elapsed key={state} />}
        </p>
      )}
      {error && (
        <p class="trouble" role="alert">
          {error}
        </p>
      )}
      {!isOpen && !error && (
        <p class="small quiet figure">
          {state === 'stopped' ? 'stopped' : text === '' ? 'said nothing' : tokensPerSecond === null ? '' : `${tokensPerSecond.toFixed(1)} tokens/s`}
        </p>
      )}
    </article>
  );
}

/** The model before and after, answering the same prompts: two columns, each its own conversation. */
export function Talk({ run }: { run: AdaptRunDetails }): JSX.Element {
  const box = useRef<HTMLElement>(null);
  const talk = talks.value.get(run.name) ?? [];
  const isBusy = talkUnderWay.value !== null;
  useEffect(() => {
    if (box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [talk]);
  useEffect(() => {
    const stop = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || event.defaultPrevented || !talkUnderWay.peek() || document.querySelector('dialog[open]')) return;
      event.preventDefault();
      stopTalk();
    };
    addEventListener('keydown', stop, { capture: true });
    return () => removeEventListener('keydown', stop, { capture: true });
  }, []);
  const send = () => void askBoth(run, talkDraft.peek());
  return (
    <div class="talk">
      <ScrollRegion box={box} class="talk-turns" label="Both conversations">
        <div class="talk-head">
          <h2>
            <span class="cut">{run.model}</span> <span class="quiet small">before</span>
          </h2>
          <h2>
            <span class="cut">{run.name}</span> <span class="quiet small">after</span>
          </h2>
        </div>
        {talk.length === 0 && (
          <p class="quiet talk-empty">
            Ask something: of what it was taught, and of what it knew before. Both answer with their likeliest words, one after the other, for the server holds
            one model at a time.
          </p>
        )}
        {talk.map(({ id, prompt, base, adapted }) => (
          <div key={id} class="exchange">
            <p class="prompt said">{prompt}</p>
            <Answer said={base} of={run.model} />
            <Answer said={adapted} of={run.name} />
          </div>
        ))}
      </ScrollRegion>
      <form
        class="composer"
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <textarea
          class="field"
          aria-label="What both are asked"
          placeholder="Ask both"
          rows={Math.min(6, Math.max(1, talkDraft.value.split('\n').length))}
          value={talkDraft.value}
          onInput={(event) => {
            talkDraft.value = event.currentTarget.value;
          }}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            send();
          }}
        />
        {isBusy ? (
          <button type="button" class="button" title="Stop (Escape)" onClick={stopTalk}>
            <Icon name="stop" size={15} /> Stop
          </button>
        ) : (
          <button type="submit" class="button first" disabled={talkDraft.value.trim() === ''}>
            Ask both
          </button>
        )}
        {talk.length > 0 && !isBusy && (
          <button type="button" class="link small clear" onClick={() => clearTalk(run.name)}>
            Begin anew
          </button>
        )}
      </form>
    </div>
  );
}
