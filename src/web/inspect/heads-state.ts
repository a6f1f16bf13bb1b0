import { computed, signal } from '@preact/signals';
import { go, inspectedHead, inspectedLook, inspectedSeed, page } from '../state/route.ts';
import type { InspectHeadsScored } from '../state/types.ts';
import { asked } from './asked.ts';
import { headName } from './attention.ts';
import { type HeadScore, scoreOf } from './head-scores.ts';
import { askedModel, chosenModel } from './inspect-state.ts';

/** Of the texts drawn, as it stands in its box. */
export const seedDraft = signal(inspectedSeed.peek() ?? 0);

export const scored = asked<InspectHeadsScored>('/api/inspect/heads', () =>
  page.value === 'inspect' && inspectedLook.value === 'heads' && askedModel.value && inspectedSeed.value !== null
    ? { model: askedModel.value, seed: inspectedSeed.value }
    : null,
);
export const isSeedChanged = computed(() => seedDraft.value !== inspectedSeed.value);

export function scoreHeads(): void {
  if (scored.loading.peek()) return;
  if (scored.error.peek()) scored.refresh();
  go({ model: chosenModel.peek(), seed: String(seedDraft.peek()) });
}

export const chosenScore = computed<HeadScore | null>(() => scored.data.value && scoreOf(scored.data.value, inspectedHead.value));
export const chooseScore = (score: Pick<HeadScore, 'layer' | 'head'>): void => go({ head: headName(score) }, { replace: true });
