import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Icon } from '../parts/icons.tsx';
import { send } from './chat.ts';
import { draft, stopAnswer, underWay } from './chat-state.ts';
import { chosenModel, loadedModel } from './model-choice.ts';

const mostRows = 8;

/** Where one writes. Enter sends, Shift and Enter make a line. */
export function Composer(): JSX.Element {
  const box = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    if (matchMedia('(pointer: fine)').matches) box.current?.focus();
  }, []);
  const continues = loadedModel.value?.chats === false;
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        ref={box}
        id="composer"
        class="field"
        aria-label={continues ? 'The beginning of a text' : 'Your message'}
        placeholder={continues ? 'Begin a text; the model goes on from there' : 'Write a message'}
        rows={Math.min(mostRows, Math.max(1, draft.value.split('\n').length))}
        value={draft.value}
        onInput={(event) => {
          draft.value = event.currentTarget.value;
        }}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          send();
        }}
      />
      {underWay.value ? (
        <button type="button" class="button" onClick={stopAnswer} title="Stop (Escape)">
          <Icon name="stop" size={15} /> Stop
        </button>
      ) : (
        <button type="submit" class="button first" disabled={draft.value.trim() === '' || chosenModel.value === ''}>
          {continues ? 'Continue' : 'Send'}
        </button>
      )}
    </form>
  );
}
