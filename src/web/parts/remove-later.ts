import { signal } from '@preact/signals';

/** Documents that were taken away but can still come back: hidden from the list until the undo has passed. */
export const leaving = signal<ReadonlySet<string>>(new Set());
const graceMs = 9000;

const without = (id: string): void => {
  leaving.value = new Set([...leaving.peek()].filter((other) => other !== id));
};

/** Runs `act` after the time in which it can be taken back; answers how to take it back. */
export function removeLater(id: string, act: () => Promise<void>): () => void {
  leaving.value = new Set(leaving.peek()).add(id);
  const timer = setTimeout(() => void act().finally(() => without(id)), graceMs);
  return () => {
    clearTimeout(timer);
    without(id);
  };
}
