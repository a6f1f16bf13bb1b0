import type { Span } from '../../evaluate/index.ts';

/** Indices from the highest score down, of equals the lower index first. A heap: no more of them are put in order than are asked for. */
export function* bestFirst(scores: ArrayLike<number>): Generator<number> {
  let count = scores.length;
  const heap = new Int32Array(count);
  for (let i = 0; i < count; i++) heap[i] = i;
  const beats = (a: number, b: number): boolean => scores[a]! > scores[b]! || (scores[a]! === scores[b]! && a < b);
  const sink = (at: number): void => {
    const moved = heap[at]!;
    for (let child = 2 * at + 1; child < count; child = 2 * at + 1) {
      if (child + 1 < count && beats(heap[child + 1]!, heap[child]!)) child++;
      if (!beats(heap[child]!, moved)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = moved;
  };
  for (let at = (count >> 1) - 1; at >= 0; at--) sink(at);
  while (count > 0) {
    yield heap[0]!;
    heap[0] = heap[--count]!;
    sink(0);
  }
}

/** Indices of the k highest scores, highest first; of equals the lower index first. */
export const topIndices = (scores: ArrayLike<number>, k: number): number[] => bestFirst(scores).take(k).toArray();

/**
 * The k best spans of which none crosses another (overlaps it in part): taken from the best down, one that crosses a span already taken is skipped. Nesting is no crossing.
 *
 * @param spanAt  the span of an index
 * @param scores  of all spans
 * @returns       indices of the chosen, sorted by start, then end
 */
export const pruneCrossing = (spanAt: (index: number) => Span, scores: ArrayLike<number>, k: number): number[] => {
  const taken: (Span & { readonly index: number })[] = [];
  // Of the spans taken: farthest end by start, nearest start by end.
  const farthest = new Map<number, number>();
  const nearest = new Map<number, number>();
  const crosses = ({ start, end }: Span): boolean => {
    for (let word = start + 1; word <= end; word++) if ((farthest.get(word) ?? -1) > end) return true;
    for (let word = start; word < end; word++) if ((nearest.get(word) ?? Number.POSITIVE_INFINITY) < start) return true;
    return false;
  };
  for (const index of bestFirst(scores)) {
    if (taken.length === k) break;
    const { start, end } = spanAt(index);
    if (crosses({ start, end })) continue;
    taken.push({ start, end, index });
    farthest.set(start, Math.max(farthest.get(start) ?? -1, end));
    nearest.set(end, Math.min(nearest.get(end) ?? Number.POSITIVE_INFINITY, start));
  }
  return taken.sort((a, b) => a.start - b.start || a.end - b.end).map(({ index }) => index);
};
