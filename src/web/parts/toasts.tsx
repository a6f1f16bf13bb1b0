import type { JSX } from 'preact';
import { complain, dismiss, toasts } from '../state/toasts.ts';
import { Icon } from './icons.tsx';

/** Short words at the bottom; what was done can be taken back here. */
export function Toasts(): JSX.Element {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map(({ id, text, undo }) => (
        <div key={id} class="toast">
          <span>{text}</span>
          {undo && (
            <button
              type="button"
              class="button"
              onClick={() => {
                dismiss(id);
                undo().catch(complain);
              }}
            >
              <Icon name="undo" size={15} /> Undo
            </button>
          )}
        </div>
      ))}
    </div>
  );
}
