import type { Csr } from './csr.ts';

/**
 * Personalised PageRank by power iteration: the chance that a walk which follows edges by weight, and starts anew from the seeds with probability
 * 1 − `damping` (always from a node without edges), is at each node.
 * @param seeds node → weight; every node alike when empty
 * @returns [nodes] float64, summing to 1
 */
export function pageRank(
  graph: Csr,
  seeds: ReadonlyMap<number, number> = new Map(),
  { damping = 0.85, tolerance = 1e-9, iterations = 200 }: { readonly damping?: number; readonly tolerance?: number; readonly iterations?: number } = {},
): Float64Array {
  const { nodes, offset, target, weight } = graph;
  const start = new Float64Array(nodes);
  if (nodes === 0) return start;
  const mass = [...seeds.values()].reduce((sum, value) => sum + value, 0);
  if (mass > 0) for (const [node, value] of seeds) start[node] = value / mass;
  else start.fill(1 / nodes);
  const out = new Float64Array(nodes);
  for (let v = 0; v < nodes; v++) for (let e = offset[v]!; e < offset[v + 1]!; e++) out[v]! += weight[e]!;
  let rank = start.slice();
  for (let i = 0; i < iterations; i++) {
    const next = new Float64Array(nodes);
    let lost = 0;
    for (let v = 0; v < nodes; v++) {
      if (out[v] === 0) lost += rank[v]!;
      else {
        const share = (damping * rank[v]!) / out[v]!;
        for (let e = offset[v]!; e < offset[v + 1]!; e++) next[target[e]!]! += share * weight[e]!;
      }
    }
    let change = 0;
    for (let v = 0; v < nodes; v++) {
      next[v]! += (1 - damping + damping * lost) * start[v]!;
      change += Math.abs(next[v]! - rank[v]!);
    }
    rank = next;
    if (change < tolerance) break;
  }
  return rank;
}
