import { signal } from '@preact/signals';
import { RequestError } from './api.ts';

/** A short word at the bottom, with a way back where there is one. */
export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly undo: (() => Promise<void>) | null;
}

export const toasts = signal<readonly Toast[]>([]);
const shownMs = 9000;
let last = 0;

export const dismiss = (id: number): void => {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
};

/** Shows a word; `undo` puts a button beside it that `z` presses too. */
export function say(text: string, undo: (() => Promise<void>) | null = null): void {
  const id = ++last;
  toasts.value = [...toasts.value.slice(-2), { id, text, undo }];
  setTimeout(() => dismiss(id), shownMs);
}

export const complain = (error: unknown): void => say(error instanceof RequestError || error instanceof Error ? error.message : String(error));

/** Takes back the last thing that offers it. */
export async function undoLast(): Promise<void> {
  const toast = toasts.value.findLast(({ undo }) => undo !== null);
  if (!toast?.undo) return;
  dismiss(toast.id);
  await toast.undo().catch(complain);
}
