import { type Annotations, entityKey, type Relation, type Span, spanKey } from './annotations.ts';
import type { Counts } from './counts.ts';

/**
 * How relations are counted; numbers under different conventions are not comparable.
 *
 * - `strict` (Rel+ of PURE): both arguments must also be predicted as entities with their gold labels. What was predicted still counts in full.
 * - `symmetricTwice` (PL-Marker, HGERE): a relation with a symmetric label counts twice among gold, predictions and hits, and either order is right.
 *   Without it the stored order counts (SciIE, DyGIE, PURE): a reversed CONJUNCTION is one false positive and one miss.
 * - `dropOverlapping` (PL-Marker's output step): a prediction falls away when a higher-scored one has the same label and both arguments overlap.
 */
export interface RelationConvention {
  readonly strict?: boolean;
  readonly symmetricTwice?: boolean;
  readonly dropOverlapping?: boolean;
}

const symmetric: ReadonlySet<string> = new Set(['COMPARE', 'CONJUNCTION']);

const overlap = (a: Span, b: Span) => a.start <= b.end && b.start <= a.end;

/** The relations left when those overlapped by a better one of the same label are dropped; equal scores keep the earlier one. */
export const withoutOverlapping = (relations: readonly Relation[]): Relation[] => {
  const kept: Relation[] = [];
  for (const relation of relations.toSorted((a, b) => (b.score ?? 0) - (a.score ?? 0)))
    if (!kept.some((better) => better.label === relation.label && overlap(better.subject, relation.subject) && overlap(better.object, relation.object)))
      kept.push(relation);
  return kept;
};

const weightOf = (relation: Relation, { symmetricTwice = false }: RelationConvention) => (symmetricTwice && symmetric.has(relation.label) ? 2 : 1);

const keyOf = (relation: Relation, convention: RelationConvention): string => {
  const { subject, object, label } = relation;
  const swap = weightOf(relation, convention) === 2 && (subject.start - object.start || subject.end - object.end) > 0;
  return swap ? `${spanKey(object)} ${spanKey(subject)} ${label}` : `${spanKey(subject)} ${spanKey(object)} ${label}`;
};

/** A relation is right with the same boundaries, order and label, as refined by the convention. Repeated relations count once. */
export const countRelations = (gold: Annotations, predicted: Annotations, convention: RelationConvention = {}): Counts => {
  const keyed = (relations: readonly Relation[]) => new Map(relations.map((relation) => [keyOf(relation, convention), relation]));
  const weigh = (relations: Iterable<Relation>) => Iterator.from(relations).reduce((sum, relation) => sum + weightOf(relation, convention), 0);
  const goldRelations = keyed(gold.relations);
  const predictedRelations = keyed(convention.dropOverlapping ? withoutOverlapping(predicted.relations) : predicted.relations);
  const goldEntities = new Set(gold.entities.map(entityKey));
  const rightEntities = new Set(predicted.entities.filter((entity) => goldEntities.has(entityKey(entity))).map(spanKey));
  const typed = ({ subject, object }: Relation) => rightEntities.has(spanKey(subject)) && rightEntities.has(spanKey(object));
  const hits = weigh(
    [...predictedRelations].filter(([key, relation]) => goldRelations.has(key) && (!convention.strict || typed(relation))).map(([, relation]) => relation),
  );
  return { precisionHits: hits, predicted: weigh(predictedRelations.values()), recallHits: hits, gold: weigh(goldRelations.values()) };
};
