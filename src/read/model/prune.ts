import type { Span } from '../../evaluate/index.ts';

/** Indices of the k highest scores, highest first; of equals the lower index first. */
export const topIndices = (scores: ArrayLike<number>, k: number): number[] =>
  Array.from({ length: scores.length }, (_, i) => i)
    .sort((a, b) => scores[b]! - scores[a]! || a - b)
    .slice(0, k);

/**
 * The k best spans of which none crosses another (overlaps it in part): taken from the best down, one that crosses a span already taken is skipped. Nesting is no crossing.
 *
 * @returns  their indices, sorted by start, then end
 */
export const pruneCrossing = (spans: readonly Span[], scores: ArrayLike<number>, k: number): number[] => {
  const taken: number[] = [];
  // Of the spans taken: farthest end by start, nearest start by end.
  const farthest = new Map<number, number>();
  const nearest = new Map<number, number>();
  const crosses = ({ start, end }: Span): boolean => {
    for (let word = start + 1; word <= end; word++) if ((farthest.get(word) ?? -1) > end) return true;
    for (let word = start; word < end; word++) if ((nearest.get(word) ?? Number.POSITIVE_INFINITY) < start) return true;
    return false;
  };
  for (const i of topIndices(scores, spans.length)) {
    if (taken.length === k) break;
    const span = spans[i]!;
    if (crosses(span)) continue;
    taken.push(i);
    farthest.set(span.start, Math.max(farthest.get(span.start) ?? -1, span.end));
    nearest.set(span.end, Math.min(nearest.get(span.end) ?? Number.POSITIVE_INFINITY, span.start));
  }
  return taken.sort((a, b) => spans[a]!.start - spans[b]!.start || spans[a]!.end - spans[b]!.end);
};
