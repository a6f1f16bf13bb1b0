import type { Csr } from './csr.ts';

/** Distance in edges from a node to every node at most `hops` away, in order of distance. */
export function withinHops(graph: Csr, start: number, hops: number): Map<number, number> {
  const distance = new Map([[start, 0]]);
  let frontier = [start];
  for (let hop = 1; hop <= hops && frontier.length > 0; hop++) {
    const next: number[] = [];
    for (const v of frontier) {
      for (let e = graph.offset[v]!; e < graph.offset[v + 1]!; e++) {
        const other = graph.target[e]!;
        if (distance.has(other)) continue;
        distance.set(other, hop);
        next.push(other);
      }
    }
    frontier = next;
  }
  return distance;
}
