import { computed, effect, signal } from '@preact/signals';
import { chosenModel as chattedModel, generating } from '../chat/model-choice.ts';
import { go, inspectedCell, inspectedLayer, inspectedLook, inspectedModel, inspectedPrompt, inspectedSource, inspectedTarget, page } from '../state/route.ts';
import type { InspectLensRead, InspectPatched } from '../state/types.ts';
import { asked } from './asked.ts';
import { cellOf, lastCell } from './lens.ts';
import { firstLayer, promptTrouble } from './pair.ts';

const mostTold = 10; // tokens a layer: what the plot can follow

/** The model that is looked into: the one of the address, else the one of the Chat page. */
export const chosenModel = computed(() => (generating.value.some(({ name }) => name === inspectedModel.value) ? inspectedModel.value : chattedModel.value));

/** A name that is not of this machine is asked for, too: the server says what to do. */
export const askedModel = computed(() => inspectedModel.value || chosenModel.value);

// One pair

/** What stands in the boxes. */
export const sourceDraft = signal('Anna lives in Rome. Anna is a nurse. Question: What is her job? Answer: She is a');
export const targetDraft = signal('Marta lives in Oslo. Marta is a pilot. Question: Where does she live? Answer: She lives in');
effect(() => {
  if (inspectedSource.value) sourceDraft.value = inspectedSource.value;
});
effect(() => {
  if (inspectedTarget.value) targetDraft.value = inspectedTarget.value;
});

export const pair = asked<InspectPatched>('/api/inspect/patch', () => {
  const model = askedModel.value;
  if (page.value !== 'inspect' || inspectedLook.value !== 'pair' || !model || !inspectedSource.value || !inspectedTarget.value) return null;
  return { model, source: inspectedSource.value, target: inspectedTarget.value, top: mostTold };
});
/** What is shown is of other prompts than those in the boxes. */
export const isChanged = computed(() => sourceDraft.value !== inspectedSource.value || targetDraft.value !== inspectedTarget.value);
export const pairTrouble = computed(() => promptTrouble(sourceDraft.value, targetDraft.value));

export function lookIntoPair(): void {
  if (pairTrouble.peek() !== null || pair.loading.peek()) return;
  if (pair.error.peek()) pair.refresh();
  go({ model: chosenModel.peek(), source: sourceDraft.peek(), target: targetDraft.peek(), ...(isChanged.peek() && { layer: null }) });
}

/** The layer that is shown, one of those there are. */
export const shownLayer = computed(() => {
  const patched = pair.data.value;
  if (!patched) return 1;
  return Math.min(patched.layers.length, Math.max(1, inspectedLayer.value ?? firstLayer(patched)));
});
export const showLayer = (layer: number): void => go({ layer: String(layer) }, { replace: true });

// The lens of a text

/** Places of a text that are shown. */
export const lastPlaces = 8;
export const promptDraft = signal('The capital of France is Paris. The capital of Italy is');
effect(() => {
  if (inspectedPrompt.value) promptDraft.value = inspectedPrompt.value;
});
export const lens = asked<InspectLensRead>('/api/inspect/lens', () => {
  const model = askedModel.value;
  if (page.value !== 'inspect' || inspectedLook.value !== 'lens' || !model || !inspectedPrompt.value) return null;
  return { model, prompt: inspectedPrompt.value, last: lastPlaces, top: 3 };
});
export const isLensChanged = computed(() => promptDraft.value !== inspectedPrompt.value);
export const lensTrouble = computed(() => promptTrouble(promptDraft.value));

export function lookThroughLens(): void {
  if (lensTrouble.peek() !== null || lens.loading.peek()) return;
  if (lens.error.peek()) lens.refresh();
  go({ model: chosenModel.peek(), prompt: promptDraft.peek(), ...(isLensChanged.peek() && { cell: null }) });
}

/** The cell under the pointer, by its name. */
export const pointedCell = signal<string | null>(null);
/** The cell that is chosen, from which arrows go on. */
export const chosenCell = computed(() => (lens.data.value && cellOf(lens.data.value, inspectedCell.value)) ?? (lens.data.value && lastCell(lens.data.value)));
/** The cell that is told of: the one under the pointer, else the one that is chosen. */
export const shownCell = computed(() => (lens.data.value && pointedCell.value !== null && cellOf(lens.data.value, pointedCell.value)) || chosenCell.value);
export const chooseCell = (cell: string): void => go({ cell }, { replace: true });
