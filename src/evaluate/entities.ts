import { type Annotations, entityKey, spanKey } from './annotations.ts';
import { type Counts, countKeys } from './counts.ts';

/** An entity is right with the same start, end and label. */
export const countEntities = (gold: Annotations, predicted: Annotations): Counts =>
  countKeys(new Set(gold.entities.map(entityKey)), new Set(predicted.entities.map(entityKey)));

/** Span identification: the same, labels aside. */
export const countSpans = (gold: Annotations, predicted: Annotations): Counts =>
  countKeys(new Set(gold.entities.map(spanKey)), new Set(predicted.entities.map(spanKey)));
