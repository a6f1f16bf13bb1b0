/** One key and what it does; the list under `?` is made of these. */
export interface Key {
  readonly key: string;
  readonly does: string;
  readonly run: () => void;
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName));

/** Listens for keys everywhere but where somebody types or a dialog is open. */
export function bindKeys(keys: readonly Key[]): () => void {
  const byKey = new Map(keys.map((entry) => [entry.key, entry]));
  const listen = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (isTyping(event.target) || document.querySelector('dialog[open]')) return;
    const entry = byKey.get(event.key);
    if (!entry) return;
    event.preventDefault();
    entry.run();
  };
  addEventListener('keydown', listen);
  return () => removeEventListener('keydown', listen);
}
