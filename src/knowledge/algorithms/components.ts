/**
 * Connected components of an undirected graph by union-find.
 * @returns [nodes] uint32: each node's component, named by its smallest node
 */
export function connectedComponents(nodes: number, from: ArrayLike<number>, to: ArrayLike<number>): Uint32Array {
  const parent = new Uint32Array(nodes);
  for (let v = 0; v < nodes; v++) parent[v] = v;
  const root = (v: number): number => {
    let at = v;
    while (parent[at] !== at) {
      parent[at] = parent[parent[at]!]!;
      at = parent[at]!;
    }
    return at;
  };
  for (let e = 0; e < from.length; e++) {
    const [a, b] = [root(from[e]!), root(to[e]!)];
    if (a < b) parent[b] = a;
    else parent[a] = b;
  }
  return parent.map((_, v) => root(v));
}
