import { signal } from '@preact/signals';
import { newConversation } from '../chat/chat.ts';
import { showTokens } from '../chat/chat-state.ts';
import { go, page, select, selection } from '../state/route.ts';
import { theme } from '../state/theme.ts';
import { undoLast } from '../state/toasts.ts';
import { openReadDialog } from './read-dialog.tsx';

export interface Command {
  readonly name: string;
  readonly key: string;
  readonly run: () => void;
}

export const keysShown = signal(false);

const focusList = (list: 'documents' | 'entities') => {
  go({ list: list === 'documents' ? null : list }, { page: 'read', replace: true });
  requestAnimationFrame(() => document.querySelector<HTMLElement>(`#${list}`)?.focus());
};

/** Goes to the Chat page; what is done there waits until it is the page that is seen. */
const onChat = (act: () => void) => {
  const isThere = page.peek() === 'chat';
  go({}, { page: 'chat' });
  if (isThere) act();
};

/** What can be done from anywhere, by key or by name. */
export const commands: readonly Command[] = [
  { name: 'Search', key: '/', run: () => document.querySelector<HTMLInputElement>('#search')?.focus() },
  { name: 'Show the graph', key: 'g', run: () => go({ view: null }, { page: 'read' }) },
  { name: 'Show the open document', key: 'o', run: () => go({ view: 'document' }, { page: 'read' }) },
  { name: 'Show trends', key: 't', run: () => go({ view: 'trends' }, { page: 'read' }) },
  { name: 'Review merges', key: 'm', run: () => go({ view: 'merges' }, { page: 'read' }) },
  { name: 'Go to the documents', key: 'd', run: () => focusList('documents') },
  { name: 'Go to the entities', key: 'e', run: () => focusList('entities') },
  { name: 'Read more documents', key: 'r', run: openReadDialog },
  { name: 'Teach a model', key: 'a', run: () => go({ run: null, tab: null, compare: null }, { page: 'adapt' }) },
  { name: 'Look inside a model', key: 'i', run: () => go({}, { page: 'inspect' }) },
  { name: 'Guard a model from a document', key: 'u', run: () => go({}, { page: 'guard' }) },
  { name: 'Chat with a model', key: 'c', run: () => onChat(() => document.querySelector<HTMLElement>('#composer')?.focus()) },
  { name: 'Begin a new conversation', key: 'n', run: () => onChat(newConversation) },
  {
    name: 'Show or hide the probabilities of tokens',
    key: 'p',
    run: () =>
      onChat(() => {
        showTokens.value = !showTokens.peek();
      }),
  },
  {
    name: 'Take back the last decision',
    key: 'z',
    run: () => {
      void undoLast();
    },
  },
  {
    name: 'Light or dark',
    key: 'l',
    run: () => {
      const isDark = theme.peek() === 'dark' || (theme.peek() === 'system' && matchMedia('(prefers-color-scheme: dark)').matches);
      theme.value = isDark ? 'light' : 'dark';
    },
  },
  {
    name: 'Close what is selected',
    key: 'Escape',
    run: () => {
      if (selection.peek()) select(null);
      else if (page.peek() === 'runs' || page.peek() === 'settings') go({}, { page: 'read' });
    },
  },
  {
    name: 'Show the keys',
    key: '?',
    run: () => {
      keysShown.value = true;
    },
  },
];
