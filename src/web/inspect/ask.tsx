import type { Signal } from '@preact/signals';
import type { JSX } from 'preact';
import { Elapsed } from '../chat/elapsed.tsx';
import { chosenModel } from './inspect-state.ts';

interface PromptProps {
  readonly label: string;
  /** In a few words: what is done with it. */
  readonly says: string;
  readonly draft: Signal<string>;
}

/** A box for a prompt; Ctrl+Enter asks. */
export function Prompt({ label, says, draft }: PromptProps): JSX.Element {
  return (
    <label class="inspected-prompt">
      <b>{label}</b> <span class="quiet small">{says}</span>
      <textarea
        class="field"
        rows={2}
        spellcheck={false}
        value={draft.value}
        onInput={(event) => {
          draft.value = event.currentTarget.value;
        }}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
          event.preventDefault();
          event.currentTarget.form?.requestSubmit();
        }}
      />
    </label>
  );
}

interface AskProps {
  readonly isLoading: boolean;
  readonly trouble: string | null;
  /** What is shown belongs to other prompts. */
  readonly isOld: boolean;
}

/** The button, and what is under way or in the way. */
export function AskRow({ isLoading, trouble, isOld }: AskProps): JSX.Element {
  return (
    <div class="ask-row">
      <button type="submit" class="button first" disabled={trouble !== null || isLoading} title="Ctrl+Enter">
        Look inside
      </button>
      <p class="small quiet" role="status">
        {isLoading ? (
          <>
            looking into {chosenModel.value} <Elapsed />
          </>
        ) : trouble !== null && trouble !== 'empty' ? (
          <span class="too-long">{trouble}</span>
        ) : isOld ? (
          'What is shown is of the prompts before.'
        ) : (
          ''
        )}
      </p>
      {isLoading && (
        <div class="sweep" aria-hidden="true">
          <i />
        </div>
      )}
    </div>
  );
}
