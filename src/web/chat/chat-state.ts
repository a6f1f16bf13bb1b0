import { signal } from '@preact/signals';
import type { Settings, Turn } from './conversation.ts';
import { chatKey, parseChat } from './keep-chat.ts';

const kept = parseChat(localStorage.getItem(chatKey));
export const settings = signal<Settings>(kept.settings);
export const turns = signal<readonly Turn[]>(kept.turns);
export const showTokens = signal(kept.showTokens);
/** What stands in the box and was not sent. */
export const draft = signal('');

interface UnderWay {
  readonly stop: AbortController;
  readonly beganMs: number;
  /** Null until the first token. */
  readonly firstMs: number | null;
  readonly tokens: number;
  readonly nowMs: number;
}
/** The answer that is being written. */
export const underWay = signal<UnderWay | null>(null);
export const setSettings = (change: Partial<Settings>): void => {
  settings.value = { ...settings.peek(), ...change };
};

/** Ends the answer that is being written; what came of it stays. */
export const stopAnswer = (): void => underWay.peek()?.stop.abort(new DOMException('stopped', 'AbortError'));
