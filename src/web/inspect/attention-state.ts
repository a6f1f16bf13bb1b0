import { computed, signal } from '@preact/signals';
import { go, inspectedCell, inspectedHead, inspectedLook, inspectedPrompt, page } from '../state/route.ts';
import type { InspectAttentionRead } from '../state/types.ts';
import { asked } from './asked.ts';
import { firstHead, type Head, headName, headOf, rowsOf, tokenOf } from './attention.ts';
import { askedModel, chosenModel, isLensChanged, lensTrouble, promptDraft } from './inspect-state.ts';

const path = '/api/inspect/attention';
const question = (more: object): object | null =>
  page.value === 'inspect' && inspectedLook.value === 'attention' && askedModel.value && inspectedPrompt.value
    ? { model: askedModel.value, prompt: inspectedPrompt.value, ...more }
    : null;

/** What the last token reads in every head: what a head is chosen by. */
export const attention = asked<InspectAttentionRead>(path, () => question({ top: 4 }));
export const chosenHead = computed<Head | null>(() => {
  const read = attention.data.value;
  return read && (headOf(read, inspectedHead.value) ?? firstHead(read));
});
/** Patterns of the chosen head's block. */
export const patterns = asked<InspectAttentionRead>(path, () => (chosenHead.value ? question({ layer: chosenHead.value.layer, top: 1 }) : null));
export const shownRows = computed(() => chosenHead.value && rowsOf(patterns.data.value, chosenHead.value));

export function lookAtAttention(): void {
  if (lensTrouble.peek() !== null || attention.loading.peek()) return;
  if (attention.error.peek()) attention.refresh();
  if (patterns.error.peek()) patterns.refresh();
  go({ model: chosenModel.peek(), prompt: promptDraft.peek(), ...(isLensChanged.peek() && { cell: null, head: null }) });
}

export const chooseHead = (head: Head): void => go({ head: headName(head) }, { replace: true });
/** The token under the pointer. */
export const pointedToken = signal<number | null>(null);
export const chosenToken = computed(() => (attention.data.value ? tokenOf(attention.data.value, inspectedCell.value) : 0));
export const shownToken = computed(() => pointedToken.value ?? chosenToken.value);
export const chooseToken = (place: number): void => go({ cell: `t${place}` }, { replace: true });
