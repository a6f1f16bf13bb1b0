import { computed, signal } from '@preact/signals';
import { select, selection } from '../state/route.ts';
import { turns } from './chat-state.ts';
import type { Answer } from './conversation.ts';
import type { Unit } from './tokens.ts';

/** One place of an answer. */
export interface Place {
  readonly answer: string;
  readonly index: number;
}

/** What the pointer is over. */
export const pointed = signal<Place | null>(null);

/** What is selected, by the address. */
export const chosen = computed<Place | null>(() => {
  const match = selection.value?.kind === 'token' ? /^(.+)\.(\d+)$/.exec(selection.value.id) : null;
  return match ? { answer: match[1]!, index: Number(match[2]) } : null;
});

/** Selects a place; moving from one to the next leaves no step for the back button. */
export const choose = ({ answer, index }: Place): void => select({ kind: 'token', id: `${answer}.${index}` }, { replace: chosen.peek() !== null });

export interface FoundPlace {
  readonly answer: Answer;
  readonly unit: Unit;
  readonly index: number;
}

const find = (place: Place | null): FoundPlace | null => {
  const answer = place && turns.value.find((turn) => turn.id === place.answer);
  const unit = answer?.role === 'assistant' ? answer.units[place!.index] : undefined;
  return answer?.role === 'assistant' && unit && unit.tokens.length > 0 ? { answer, unit, index: place!.index } : null;
};

/** The place that is looked at: under the pointer, else selected. */
export const looked = computed<FoundPlace | null>(() => find(pointed.value) ?? find(chosen.value));
export const isChosen = computed(() => find(chosen.value) !== null);

/** The answer that figures are about: of the place looked at, else the last. */
export const lookedAnswer = computed<Answer | null>(() => looked.value?.answer ?? turns.value.findLast((turn) => turn.role === 'assistant') ?? null);
