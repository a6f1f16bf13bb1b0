import type { JSX } from 'preact';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { Icon } from '../parts/icons.tsx';
import { narrowPane } from '../parts/narrow.ts';
import { NotYet } from '../parts/not-yet.tsx';
import { ScrollRegion } from '../parts/scroll-region.tsx';
import { models } from '../state/data.ts';
import { send } from './chat.ts';
import { draft, stopAnswer, turns, underWay } from './chat-state.ts';
import { isChosen } from './chosen-token.ts';
import { Composer } from './composer.tsx';
import type { Turn } from './conversation.ts';
import { Gauges } from './gauges.tsx';
import { Legend } from './legend.tsx';
import { chosenModel, generating, loadedModel } from './model-choice.ts';
import { NoModel } from './no-model.tsx';
import { Setup } from './setup.tsx';
import { TokenDetails } from './token-details.tsx';
import { TurnView } from './turn-view.tsx';

const samples = {
  chat: ['What is the capital of France?', 'Explain a knowledge graph in two sentences.', 'Write a haiku about a library at night.'],
  text: ['Once upon a time, there was a little', 'The three primary colours are', 'One day, Tom found a'],
};

function Beginning(): JSX.Element {
  const continues = loadedModel.value?.chats === false;
  return (
    <div class="beginning">
      <h1>{continues ? 'Begin a text' : `Ask ${chosenModel.value}`}</h1>
      <p class="quiet">It runs on this machine. Every word it writes shows how sure it was, and what else it might have said.</p>
      <div class="samples">
        {(continues ? samples.text : samples.chat).map((text) => (
          <button
            key={text}
            type="button"
            class="button"
            onClick={() => {
              draft.value = text;
              send();
            }}
          >
            {text}
          </button>
        ))}
      </div>
    </div>
  );
}

/** A turn is drawn again only when it changed. */
const Kept = ({ turn }: { turn: Turn }): JSX.Element => useMemo(() => <TurnView turn={turn} />, [turn]);

/** The turns; stays at the end while an answer grows, unless somebody has scrolled up. */
function Conversation(): JSX.Element {
  const box = useRef<HTMLElement>(null);
  const isAtEnd = useRef(true);
  const shown = turns.value;
  useEffect(() => {
    if (box.current && isAtEnd.current) box.current.scrollTop = box.current.scrollHeight;
  }, [shown]);
  const count = shown.length;
  useEffect(() => {
    isAtEnd.current = true;
    if (box.current && count > 0) box.current.scrollTop = box.current.scrollHeight;
  }, [count]);
  return (
    <ScrollRegion
      box={box}
      class="conversation"
      label="Conversation"
      onScroll={({ scrollTop, clientHeight, scrollHeight }) => {
        isAtEnd.current = scrollTop + clientHeight > scrollHeight - 40;
      }}
    >
      <div class="column">
        {shown.map((turn) => (
          <Kept key={turn.id} turn={turn} />
        ))}
      </div>
    </ScrollRegion>
  );
}

const memoryEveryMs = 2000;

/** Model and sampling at the left, the conversation in the middle, the token that is looked at at the right. */
export function ChatPage(): JSX.Element {
  const isAnswering = underWay.value !== null;
  useEffect(() => {
    if (!isAnswering) return;
    const timer = setInterval(models.refresh, memoryEveryMs);
    return () => clearInterval(timer);
  }, [isAnswering]);
  useEffect(() => {
    // Where one writes, too: an answer can always be stopped.
    const stop = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || event.defaultPrevented || !underWay.peek() || document.querySelector('dialog[open]')) return;
      event.preventDefault();
      stopAnswer();
    };
    addEventListener('keydown', stop, { capture: true });
    return () => removeEventListener('keydown', stop, { capture: true });
  }, []);

  const known = models.data.value;
  if (!known) return <NotYet of={models} />;
  if (generating.value.length === 0) {
    return (
      <main class="read empty" id="main">
        <NoModel />
      </main>
    );
  }
  return (
    <main class={`read chat${isChosen.value ? '' : ' alone'}`} id="main" data-narrow={narrowPane.value}>
      <Setup />
      <section class="middle" aria-label="Chat">
        <div class="bar">
          <button
            type="button"
            class="button plain icon narrow-only"
            aria-label={narrowPane.value === 'list' ? 'Hide the setup' : 'Show the setup'}
            aria-expanded={narrowPane.value === 'list'}
            onClick={() => {
              narrowPane.value = narrowPane.value === 'list' ? 'main' : 'list';
            }}
          >
            <Icon name="settings" />
          </button>
          <Gauges />
        </div>
        {turns.value.length > 0 && <Legend />}
        {turns.value.length === 0 ? <Beginning /> : <Conversation />}
        <Composer />
      </section>
      <TokenDetails />
    </main>
  );
}
