import fc from 'fast-check';
import { MultiDirectedGraph } from 'graphology';
import { expect, test } from 'vitest';
import { connectedComponents } from './components.ts';
import { buildCsr } from './csr.ts';
import { withinHops } from './hops.ts';
import { pageRank } from './pagerank.ts';

const anyGraph = fc.integer({ min: 1, max: 12 }).chain((nodes) =>
  fc.record({
    nodes: fc.constant(nodes),
    edges: fc.array(fc.tuple(fc.nat(nodes - 1), fc.nat(nodes - 1), fc.integer({ min: 1, max: 5 })), { maxLength: 30 }),
  }),
);

function peer(nodes: number, edges: readonly (readonly [number, number, number])[]) {
  const graph = new MultiDirectedGraph();
  for (let v = 0; v < nodes; v++) graph.addNode(v);
  for (const [s, t, weight] of edges) graph.addEdge(s, t, { weight });
  return graph;
}

test('rows hold every edge once, ascending', () => {
  fc.assert(
    fc.property(anyGraph, ({ nodes, edges }) => {
      const csr = buildCsr(
        nodes,
        edges.map((e) => e[0]),
        edges.map((e) => e[1]),
        edges.map((e) => e[2]),
      );
      const graph = peer(nodes, edges);
      for (let v = 0; v < nodes; v++) {
        const row = [...csr.target.slice(csr.offset[v], csr.offset[v + 1])];
        expect(row).toEqual(graph.mapOutEdges(String(v), (_e, _a, _s, target) => Number(target)).sort((a, b) => a - b));
      }
      expect(csr.weight.reduce((sum, w) => sum + w, 0)).toBe(edges.reduce((sum, e) => sum + e[2], 0));
      expect(
        buildCsr(
          nodes,
          edges.map((e) => e[0]),
          edges.map((e) => e[1]),
          undefined,
          true,
        ).target.length,
      ).toBe(2 * edges.length);
    }),
  );
  expect(() => buildCsr(2, [0], [2])).toThrow(/expected ends below 2/);
});

test('components and distances are those of a plain walk', () => {
  fc.assert(
    fc.property(anyGraph, fc.integer({ min: 0, max: 4 }), ({ nodes, edges }, hops) => {
      const graph = peer(nodes, edges);
      const [from, to] = [edges.map((e) => e[0]), edges.map((e) => e[1])];
      const csr = buildCsr(nodes, from, to, undefined, true);
      const components = connectedComponents(nodes, from, to);
      for (let v = 0; v < nodes; v++) {
        const distance = new Map([[v, 0]]);
        const queue = [v];
        for (const at of queue) {
          for (const next of graph.neighbors(String(at)).map(Number)) {
            if (distance.has(next)) continue;
            distance.set(next, distance.get(at)! + 1);
            queue.push(next);
          }
        }
        expect(components[v]).toBe(Math.min(...distance.keys()));
        const near = [...distance].filter(([, steps]) => steps <= hops).sort((a, b) => a[0] - b[0]);
        expect([...withinHops(csr, v, hops)].sort((a, b) => a[0] - b[0])).toEqual(near);
      }
    }),
  );
});

test('PageRank solves its own linear system and sums to one', () => {
  fc.assert(
    fc.property(anyGraph, fc.nat(), ({ nodes, edges }, seed) => {
      const csr = buildCsr(
        nodes,
        edges.map((e) => e[0]),
        edges.map((e) => e[1]),
        edges.map((e) => e[2]),
      );
      const start = seed % nodes;
      const rank = pageRank(csr, new Map([[start, 3]]));
      expect(rank.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 9);
      const out = new Array<number>(nodes).fill(0);
      for (const [s, , weight] of edges) out[s]! += weight;
      const lost = out.reduce((sum, weight, v) => sum + (weight === 0 ? rank[v]! : 0), 0);
      for (let v = 0; v < nodes; v++) {
        let value = v === start ? 0.15 + 0.85 * lost : 0;
        for (const [s, t, weight] of edges) if (t === v) value += (0.85 * rank[s]! * weight) / out[s]!;
        expect(rank[v]).toBeCloseTo(value, 7);
      }
    }),
  );
  expect([...pageRank(buildCsr(2, [], []))]).toEqual([0.5, 0.5]);
  expect(pageRank(buildCsr(0, [], [])).length).toBe(0);
});
