import type { JSX } from 'preact';
import { showTokens } from './chat-state.ts';
import { stepWords } from './tokens.ts';

/** What the tints and lines under tokens mean, and whether they are shown. */
export function Legend(): JSX.Element {
  return (
    <div class="filters legend">
      <button
        type="button"
        class="chip"
        aria-pressed={showTokens.value}
        title="Probabilities (p)"
        onClick={() => {
          showTokens.value = !showTokens.peek();
        }}
      >
        Probabilities
      </button>
      {showTokens.value && (
        <ul aria-label="What the marks mean">
          {stepWords.map((words, step) => (
            <li key={words}>
              <span class={`token step-${step}`}>{words}</span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
