import { signal } from '@preact/signals';

/** On a phone's width one pane is seen at a time. */
export const narrowPane = signal<'main' | 'list'>('main');
