import type { Signal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Icon } from './icons.tsx';

/** A dialog that keeps the focus while it is open and gives it back; Escape, the cross and a click beside it close it. */
export function Dialog({ id, title, open, children }: { id: string; title: string; open: Signal<boolean>; children: ComponentChildren }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (open.value) dialog.current?.showModal();
    else dialog.current?.close();
  }, [open.value, open]);
  const close = () => {
    open.value = false;
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the click is on the backdrop; its key is Escape, which the browser handles
    <dialog ref={dialog} class="dialog" aria-labelledby={id} onClose={close} onClick={(event) => event.target === dialog.current && close()}>
      <div class="inner">
        <header>
          <h1 id={id}>{title}</h1>
          <button type="button" class="button plain icon" aria-label="Close" onClick={close}>
            <Icon name="close" size={16} />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
