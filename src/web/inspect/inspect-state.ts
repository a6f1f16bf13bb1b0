import { computed, effect, signal } from '@preact/signals';
import { chosenModel as chattedModel, generating } from '../chat/model-choice.ts';
import { go, inspectedLayer, inspectedModel, inspectedSource, inspectedTarget, page } from '../state/route.ts';
import type { InspectPatched } from '../state/types.ts';
import { asked } from './asked.ts';
import { firstLayer, promptTrouble } from './pair.ts';

const mostTold = 10; // tokens a layer: what the plot can follow

/** The model that is looked into: the one of the address, else the one of the Chat page. */
export const chosenModel = computed(() => (generating.value.some(({ name }) => name === inspectedModel.value) ? inspectedModel.value : chattedModel.value));

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
  // A name that is not of this machine is asked for, too: the server says what to do.
  const model = inspectedModel.value || chosenModel.value;
  if (page.value !== 'inspect' || !model || !inspectedSource.value || !inspectedTarget.value) return null;
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
