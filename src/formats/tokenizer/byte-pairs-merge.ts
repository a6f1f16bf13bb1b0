/** Which neighbours merge. A merge is known by a number. */
export interface Merges {
  /** The merge of two symbols, or -1. */
  find(left: number, right: number): number;
  /** Lower ranks go first. */
  rank(merge: number): number;
  /** The symbol it makes. */
  made(merge: number): number;
  /** Whether the merge found now is the one that was planned with this rank. */
  planned(merge: number, rank: number): boolean;
}

const positions = 2 ** 27;

/**
 * Merges neighbours until none can, of all that can the one of the lowest rank, of equals the leftmost: n log n in the count of symbols.
 *
 * @param symbols  changed in place: what is left stands in front
 * @param ends     where each symbol ends, in whatever unit; changed with them
 * @returns how many are left
 */
export const mergePairs = (symbols: Int32Array, ends: Int32Array, merges: Merges): number => {
  const count = symbols.length;
  const heap: number[] = []; // rank · positions + position of the left symbol
  const next = new Int32Array(count);
  const previous = new Int32Array(count);
  const plan = (left: number, right: number): void => {
    const merge = merges.find(symbols[left]!, symbols[right]!);
    if (merge >= 0) push(heap, merges.rank(merge) * positions + left);
  };
  for (let i = 0; i < count; i++) {
    next[i] = i + 1;
    previous[i] = i - 1;
    if (i > 0) plan(i - 1, i);
  }
  while (heap.length > 0) {
    const key = pop(heap);
    const left = key % positions;
    const right = next[left]!;
    if (right >= count || right < 0) continue; // nothing behind it, or merged away itself
    const merge = merges.find(symbols[left]!, symbols[right]!);
    if (merge < 0 || !merges.planned(merge, (key - left) / positions)) continue;
    symbols[left] = merges.made(merge);
    ends[left] = ends[right]!;
    next[left] = next[right]!;
    next[right] = -1;
    if (next[left]! < count) {
      previous[next[left]!] = left;
      plan(left, next[left]!);
    }
    if (previous[left]! >= 0) plan(previous[left]!, left);
  }
  let kept = 0;
  for (let i = 0; i < count; i = next[i]!) {
    symbols[kept] = symbols[i]!;
    ends[kept] = ends[i]!;
    kept++;
  }
  return kept;
};

const push = (heap: number[], key: number): void => {
  let at = heap.length;
  heap.push(key);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (heap[parent]! <= key) break;
    heap[at] = heap[parent]!;
    at = parent;
  }
  heap[at] = key;
};

const pop = (heap: number[]): number => {
  const top = heap[0]!;
  const key = heap.pop()!;
  const count = heap.length;
  if (count === 0) return top;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= count) break;
    if (child + 1 < count && heap[child + 1]! < heap[child]!) child++;
    if (heap[child]! >= key) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = key;
  return top;
};
