import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { commands, keysShown } from './commands.ts';
import { Icon } from './icons.tsx';

const elsewhere = [
  ['↑ ↓ ← →', 'In lists: move. In the graph: go from entity to entity; with Shift: move the picture'],
  ['Enter', 'In lists: open. In the graph: only what is around the entity'],
  ['+ − 0', 'In the graph: zoom in, zoom out, show all'],
  ['a x', 'In the review: one, apart'],
] as const;

/** Every key, in one place. */
export function KeysDialog(): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (keysShown.value) dialog.current?.showModal();
    else dialog.current?.close();
  }, [keysShown.value]);
  return (
    <dialog
      ref={dialog}
      class="dialog"
      aria-labelledby="keys-title"
      onClose={() => {
        keysShown.value = false;
      }}
      onClick={(event) => {
        if (event.target === dialog.current) keysShown.value = false;
      }}
    >
      <div class="inner">
        <header>
          <h1 id="keys-title">Keys</h1>
          <button type="button" class="button plain icon" aria-label="Close" onClick={() => dialog.current?.close()}>
            <Icon name="close" size={16} />
          </button>
        </header>
        <dl class="keys">
          {commands.map(({ key, name }) => [
            <dt key={key}>
              <kbd>{key === 'Escape' ? 'Esc' : key}</kbd>
            </dt>,
            <dd key={`${key} does`}>{name}</dd>,
          ])}
          {elsewhere.map(([key, does]) => [
            <dt key={key}>
              {key.split(' ').map((each) => (
                <kbd key={each}>{each}</kbd>
              ))}
            </dt>,
            <dd key={`${key} does`}>{does}</dd>,
          ])}
        </dl>
      </div>
    </dialog>
  );
}
