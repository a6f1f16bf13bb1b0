import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { verdictWords } from '../guard/verdict.ts';
import { Icon } from '../parts/icons.tsx';
import { complain, say } from '../state/toasts.ts';
import { counted } from '../state/words.ts';
import { answerAgain, editQuestion } from './chat.ts';
import { showTokens, underWay } from './chat-state.ts';
import type { Answer, Question } from './conversation.ts';
import { Elapsed } from './elapsed.tsx';
import { secondsOf } from './gauges.tsx';
import { loading } from './model-choice.ts';
import { TokenText } from './token-text.tsx';

function QuestionView({ turn }: { turn: Question }): JSX.Element {
  const words = useSignal<string | null>(null);
  const box = useRef<HTMLTextAreaElement>(null);
  const isOpen = words.value !== null;
  useEffect(() => {
    if (isOpen) box.current?.select();
  }, [isOpen]);
  const close = () => {
    words.value = null;
  };
  const take = () => {
    const text = words.peek();
    close();
    if (text !== null) editQuestion(turn.id, text);
  };
  return (
    <article class="turn question" aria-label="You">
      {words.value === null ? (
        <>
          <p class="said">{turn.text}</p>
          <button
            type="button"
            class="button plain icon edit"
            aria-label="Edit"
            title="Edit, and have it answered anew"
            disabled={underWay.value !== null}
            onClick={() => {
              words.value = turn.text;
            }}
          >
            <Icon name="edit" size={15} />
          </button>
        </>
      ) : (
        <div class="rewrite">
          <textarea
            ref={box}
            class="field"
            aria-label="Your message, to be changed"
            rows={Math.min(10, words.value.split('\n').length + 1)}
            value={words.value}
            onInput={(event) => {
              words.value = event.currentTarget.value;
            }}
            onKeyDown={(event) => {
              if (event.key === 'Escape') close();
              else if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) take();
              else return;
              event.preventDefault();
              event.stopPropagation();
            }}
          />
          <div class="turn-foot">
            <button type="button" class="button" onClick={close}>
              Cancel
            </button>
            <button type="button" class="button first" disabled={words.value.trim() === ''} onClick={take}>
              Answer this instead
            </button>
          </div>
        </div>
      )}
    </article>
  );
}

const ends: Readonly<Record<string, string>> = { length: 'token limit', stopped: 'stopped' };

/** "58 tokens · 41.2/s · first 310 ms · seed 7 · stopped". */
function aboutOf({ figures, seed, end, guard }: Answer): string {
  const parts = figures ? [counted(figures.completionTokens, 'token')] : [];
  if (figures?.tokensPerSecond) parts.push(`${figures.tokensPerSecond.toFixed(1)}/s`);
  if (figures?.firstTokenSeconds != null) parts.push(`first ${secondsOf(figures.firstTokenSeconds)}`);
  parts.push(`seed ${seed}`);
  const how = end === null ? undefined : ends[end];
  return [...parts, ...(how ? [how] : []), ...(guard?.flagged ? [verdictWords(guard)] : [])].join(' · ');
}

function Waiting({ answer }: { answer: Answer }): JSX.Element {
  const run = loading.value;
  return (
    <p class="waiting quiet" role="status">
      <i class="pulse" aria-hidden="true" />
      {run ? `Loading ${answer.model}` : 'Reading what you wrote'} <Elapsed />
    </p>
  );
}

function AnswerView({ turn }: { turn: Answer }): JSX.Element {
  const isOpen = turn.end === null;
  const copy = () => {
    navigator.clipboard.writeText(turn.text).then(() => say('The answer was copied.'), complain);
  };
  return (
    <article class="turn answer" aria-label={`Answer of ${turn.model}`} aria-busy={isOpen}>
      {turn.text === '' && isOpen ? <Waiting answer={turn} /> : showTokens.value ? <TokenText answer={turn} /> : <p class="said">{turn.text}</p>}
      {turn.error && (
        <p class="trouble" role="alert">
          {turn.error}
        </p>
      )}
      {!isOpen && (
        <div class="turn-foot">
          <span class="about figure">{turn.end === 'failed' && turn.text === '' ? '' : aboutOf(turn)}</span>
          {turn.text !== '' && (
            <button type="button" class="button plain" onClick={copy}>
              <Icon name="copy" size={14} /> Copy
            </button>
          )}
          <button type="button" class="button plain" disabled={underWay.value !== null} onClick={() => answerAgain(turn.id)}>
            <Icon name="again" size={14} /> {turn.end === 'failed' ? 'Try again' : 'Again'}
          </button>
        </div>
      )}
    </article>
  );
}

export const TurnView = ({ turn }: { turn: Question | Answer }): JSX.Element =>
  turn.role === 'user' ? <QuestionView turn={turn} /> : <AnswerView turn={turn} />;
