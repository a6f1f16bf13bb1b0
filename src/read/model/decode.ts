import type { Entity, Relation, Span } from '../../evaluate/index.ts';
import { entityTypes, relationTypes } from './labels.ts';

/** Scores of the labels of one candidate, null (0) left out. */
type Scores = ArrayLike<number>;

/** The best label of a candidate and its probability, or undefined where null wins. A tie goes to null. */
export const bestLabel = (scores: Scores): { readonly label: number; readonly score: number; readonly probability: number } | undefined => {
  let label = -1;
  let score = 0;
  for (let i = 0; i < scores.length; i++)
    if (scores[i]! > score) {
      score = scores[i]!;
      label = i;
    }
  if (label < 0) return undefined;
  let total = Math.exp(-score);
  for (let i = 0; i < scores.length; i++) total += Math.exp(scores[i]! - score);
  return { label, score, probability: 1 / total };
};

/** Probabilities are given with four decimals, so that what is stored does not depend on the last bits. */
export const rounded = (probability: number): number => Math.round(probability * 1e4) / 1e4;

export interface ScoredSpan extends Span {
  readonly score: number;
}

/** The set of spans with the largest sum of scores in which no two overlap; in order of position. Scores above 0. Of equal sums the set that ends earlier. */
export const bestDisjoint = <S extends ScoredSpan>(spans: readonly S[]): S[] => {
  const order = [...spans].sort((a, b) => a.end - b.end || a.start - b.start);
  const ends = order.map(({ end }) => end);
  // Number of spans that end before a position.
  const before = (position: number): number => {
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ends[middle]! < position) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const best = new Float64Array(order.length + 1);
  const taken: boolean[] = [];
  for (const [i, { start, score }] of order.entries()) {
    const withIt = best[before(start)]! + score;
    taken.push(withIt > best[i]!);
    best[i + 1] = Math.max(withIt, best[i]!);
  }
  const chosen: S[] = [];
  for (let i = order.length; i > 0; )
    if (taken[i - 1]) {
      chosen.push(order[i - 1]!);
      i = before(order[i - 1]!.start);
    } else i--;
  return chosen.reverse();
};

/**
 * Entities of a sentence: among spans whose best label beats null, the non-overlapping set with the largest sum of scores.
 *
 * @param scoresOf  [6] scores of a span's types
 */
export const decodeEntities = (spans: readonly Span[], scoresOf: (index: number) => Scores): Entity[] => {
  const candidates = spans.flatMap((span, i) => {
    const best = bestLabel(scoresOf(i));
    return best ? [{ ...span, ...best }] : [];
  });
  return bestDisjoint(candidates).map(({ start, end, label, probability }) => ({ start, end, label: entityTypes[label]!, score: rounded(probability) }));
};

/**
 * Relations of a sentence: the best label of every ordered pair of the beam, independent of the entities. A span is not related to itself.
 *
 * @param scoresOf  [7] scores of a pair's types
 */
export const decodeRelations = (beam: readonly Span[], scoresOf: (subject: number, object: number) => Scores): Relation[] => {
  const found: Relation[] = [];
  for (const [i, subject] of beam.entries())
    for (const [j, object] of beam.entries()) {
      const best = i === j ? undefined : bestLabel(scoresOf(i, j));
      if (best) found.push({ subject, object, label: relationTypes[best.label]!, score: rounded(best.probability) });
    }
  const key = ({ subject, object }: Relation) => [subject.start, subject.end, object.start, object.end] as const;
  return found.sort((a, b) => {
    const [x, y] = [key(a), key(b)];
    return x[0] - y[0] || x[1] - y[1] || x[2] - y[2] || x[3] - y[3];
  });
};

/**
 * Clusters: every mention links to its best antecedent where that beats 0; clusters are what the links join. No singletons.
 *
 * @param mentions    sorted by position
 * @param scoresOf    scores of the mentions before one, nearest first
 */
export const decodeClusters = (mentions: readonly Span[], scoresOf: (mention: number) => Scores): Span[][] => {
  const cluster: (Span[] | undefined)[] = mentions.map(() => undefined);
  const clusters: Span[][] = [];
  for (const [i, mention] of mentions.entries()) {
    const scores = scoresOf(i);
    let antecedent = -1;
    let best = 0;
    for (let back = 1; back <= scores.length; back++)
      if (scores[back - 1]! > best) {
        best = scores[back - 1]!;
        antecedent = i - back;
      }
    if (antecedent < 0) continue;
    let joined = cluster[antecedent];
    if (!joined) {
      joined = [mentions[antecedent]!];
      cluster[antecedent] = joined;
      clusters.push(joined);
    }
    joined.push(mention);
    cluster[i] = joined;
  }
  return clusters;
};
