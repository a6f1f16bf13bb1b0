import { computed, effect, signal } from '@preact/signals';
import {
  go,
  inspectedAgainst,
  inspectedAnswer,
  inspectedBaseline,
  inspectedLook,
  inspectedMeasure,
  inspectedPart,
  inspectedPrompt,
  inspectedReceiver,
  page,
} from '../state/route.ts';
import type { InspectAttributed } from '../state/types.ts';
import { asked } from './asked.ts';
import { baselineTrouble, componentOf, type Measure, promptsOf, receiverTrouble } from './attribution.ts';
import { askedModel, chosenModel, promptDraft } from './inspect-state.ts';
import { promptTrouble } from './pair.ts';

/** What stands in the boxes beside the text. */
export const answerDraft = signal('');
export const againstDraft = signal('');
export const baselineDraft = signal('');
export const receiverDraft = signal('');
effect(() => {
  answerDraft.value = inspectedAnswer.value;
});
effect(() => {
  againstDraft.value = inspectedAgainst.value;
});
effect(() => {
  baselineDraft.value = inspectedBaseline.value;
});
effect(() => {
  receiverDraft.value = inspectedReceiver.value;
});

export const attribution = asked<InspectAttributed>('/api/inspect/attribute', () => {
  if (page.value !== 'inspect' || inspectedLook.value !== 'attribution' || !askedModel.value || !inspectedPrompt.value) return null;
  const baseline = promptsOf(inspectedBaseline.value);
  return {
    model: askedModel.value,
    prompt: inspectedPrompt.value,
    ...(inspectedAnswer.value && { answer: inspectedAnswer.value }),
    ...(inspectedAgainst.value && { against: inspectedAgainst.value }),
    ...(baseline.length > 0 && { baseline, ...(inspectedReceiver.value && { to: inspectedReceiver.value }) }),
  };
});
export const isAttributionChanged = computed(
  () =>
    promptDraft.value !== inspectedPrompt.value ||
    answerDraft.value !== inspectedAnswer.value ||
    againstDraft.value !== inspectedAgainst.value ||
    baselineDraft.value !== inspectedBaseline.value ||
    receiverDraft.value !== inspectedReceiver.value,
);
export const attributionTrouble = computed(
  () =>
    promptTrouble(promptDraft.value) ??
    promptTrouble(`${promptDraft.value}${baselineDraft.value}`) ??
    baselineTrouble(baselineDraft.value) ??
    receiverTrouble(receiverDraft.value, baselineDraft.value),
);

export function attribute(): void {
  if (attributionTrouble.peek() !== null || attribution.loading.peek()) return;
  if (attribution.error.peek()) attribution.refresh();
  const more = { answer: answerDraft.peek(), against: againstDraft.peek(), baseline: baselineDraft.peek(), to: receiverDraft.peek().trim() };
  go({ model: chosenModel.peek(), prompt: promptDraft.peek(), ...more, ...(isAttributionChanged.peek() && { part: null, by: null }) });
}

/** What is drawn: effects where there are any and nothing else was chosen. */
export const measure = computed<Measure>(() => (attribution.data.value?.baseline == null || inspectedMeasure.value === 'logit' ? 'logit' : 'effect'));
export const chooseMeasure = (by: Measure): void => go({ by }, { replace: true });
export const chosenPart = computed(() => attribution.data.value && componentOf(attribution.data.value, inspectedPart.value, measure.value));
export const choosePart = (part: string): void => go({ part }, { replace: true });
