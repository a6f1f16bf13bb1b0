import { batch, effect } from '@preact/signals';
import { say } from '../state/toasts.ts';
import { settings, showTokens, turns, underWay } from './chat-state.ts';
import { chatKey, keepChat, parseChat } from './keep-chat.ts';

const keepEveryMs = 500;

/** Keeps the conversation between visits, and takes over what another tab of this browser changes. */
export function keepBetweenVisits(): () => void {
  let timer: ReturnType<typeof setTimeout> | null = null;
  let told = false;
  const keep = () => {
    if (timer) clearTimeout(timer);
    timer = null;
    const how = keepChat(localStorage, { settings: settings.peek(), turns: turns.peek(), showTokens: showTokens.peek() });
    if (how !== 'whole' && !told)
      say(
        'This browser has no room for all of the conversation: the oldest answers lose their probabilities when the page is left. Save it as JSON to keep them.',
      );
    told ||= how !== 'whole';
  };
  let isFirst = true;
  const stopWatching = effect(() => {
    settings.value;
    turns.value;
    showTokens.value;
    if (!isFirst) timer ??= setTimeout(keep, keepEveryMs);
    isFirst = false;
  });
  const leave = () => timer !== null && keep();
  const take = ({ key, newValue }: StorageEvent) => {
    if (key !== chatKey || underWay.peek()) return;
    const theirs = parseChat(newValue);
    batch(() => {
      settings.value = theirs.settings;
      turns.value = theirs.turns;
    });
    if (timer) clearTimeout(timer);
    timer = null;
  };
  addEventListener('pagehide', leave);
  addEventListener('storage', take);
  return () => {
    stopWatching();
    leave();
    removeEventListener('pagehide', leave);
    removeEventListener('storage', take);
  };
}
