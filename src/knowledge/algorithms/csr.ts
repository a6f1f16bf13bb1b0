/** A graph by rows: the neighbours of node v are `target[offset[v] … offset[v + 1])`, with the weight of each. */
export interface Csr {
  readonly nodes: number;
  /** [nodes + 1] uint32. */
  readonly offset: Uint32Array;
  /** [edges] uint32, ascending within a row. */
  readonly target: Uint32Array;
  /** [edges] float64, positive. */
  readonly weight: Float64Array;
}

/**
 * Builds rows from edges by counting sort, in O(nodes + edges). Edges between the same two nodes stay apart; `undirected` writes each edge in both rows.
 * @param weight one positive number an edge; default 1
 */
export function buildCsr(nodes: number, from: ArrayLike<number>, to: ArrayLike<number>, weight?: ArrayLike<number>, undirected = false): Csr {
  const edges = from.length;
  const total = undirected ? 2 * edges : edges;
  // sorted by target first, then stably by source: rows come out ascending
  const [source, goal, mass] = [new Uint32Array(total), new Uint32Array(total), new Float64Array(total)];
  for (let e = 0; e < edges; e++) {
    const [s, t, w] = [from[e]!, to[e]!, weight ? weight[e]! : 1];
    if (s >= nodes || t >= nodes) throw new RangeError(`edge ${e}: expected ends below ${nodes}, got ${s} and ${t}`);
    source[e] = s;
    goal[e] = t;
    mass[e] = w;
    if (undirected) {
      source[edges + e] = t;
      goal[edges + e] = s;
      mass[edges + e] = w;
    }
  }
  const byTarget = countingSort(goal, nodes, identity(total)).order;
  const { order, offset } = countingSort(source, nodes, byTarget);
  return { nodes, offset, target: Uint32Array.from(order, (e) => goal[e]!), weight: Float64Array.from(order, (e) => mass[e]!) };
}

function identity(length: number): Uint32Array {
  const order = new Uint32Array(length);
  for (let i = 0; i < length; i++) order[i] = i;
  return order;
}

function countingSort(key: Uint32Array, keys: number, order: Uint32Array): { order: Uint32Array; offset: Uint32Array } {
  const offset = new Uint32Array(keys + 1);
  for (const value of key) offset[value + 1]!++;
  for (let k = 0; k < keys; k++) offset[k + 1]! += offset[k]!;
  const next = offset.slice(0, keys);
  const sorted = new Uint32Array(order.length);
  for (const item of order) sorted[next[key[item]!]!++] = item;
  return { order: sorted, offset };
}
