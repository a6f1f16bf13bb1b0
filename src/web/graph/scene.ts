import type { Graph } from '../state/types.ts';
import { hueOf } from '../state/words.ts';

/** A graph as arrays that the renderer, the layout and the labels share; index = place in `ids`. */
export interface Scene {
  readonly ids: readonly string[];
  readonly names: readonly string[];
  /** Which of the eight hues stands for the kind. */
  readonly hues: Uint8Array;
  readonly indexOf: ReadonlyMap<string, number>;
  readonly radii: Float32Array;
  /** Two node indices an edge; parallel facts of one pair are one line. */
  readonly ends: Uint32Array;
  readonly widths: Float32Array;
  /** The facts each line stands for, best supported first. */
  readonly facts: readonly (readonly string[])[];
  /** Lines at a node. */
  readonly lines: readonly Uint32Array[];
  /** Node indices by support, largest first. */
  readonly order: Uint32Array;
}

export const radiusOf = (support: number): number => 3 + 2.6 * Math.log2(1 + support) ** 0.85;

/** Builds the scene of what the server sent; the order of `entities` is kept. */
export function buildScene({ entities, facts }: Pick<Graph, 'entities' | 'facts'>): Scene {
  const bundles = new Map<number, { source: number; target: number; support: number; facts: { id: string; support: number }[] }>();
  for (const { id, subject, object, support } of facts) {
    if (subject === object) continue;
    const key = Math.min(subject, object) * entities.length + Math.max(subject, object);
    const bundle = bundles.get(key) ?? { source: subject, target: object, support: 0, facts: [] };
    bundle.support += support;
    bundle.facts.push({ id, support });
    bundles.set(key, bundle);
  }
  const list = [...bundles.values()];
  const at: number[][] = entities.map(() => []);
  const ends = new Uint32Array(list.length * 2);
  const widths = new Float32Array(list.length);
  list.forEach(({ source, target, support }, line) => {
    ends[2 * line] = source;
    ends[2 * line + 1] = target;
    widths[line] = Math.min(5, 0.9 + 0.55 * Math.log2(support));
    at[source]!.push(line);
    at[target]!.push(line);
  });
  const order = Uint32Array.from(entities.keys()).sort((a, b) => entities[b]!.mentions - entities[a]!.mentions || a - b);
  return {
    ids: entities.map(({ id }) => id),
    names: entities.map(({ name }) => name),
    hues: Uint8Array.from(entities, ({ kind }) => hueOf(kind)),
    indexOf: new Map(entities.map(({ id }, index) => [id, index])),
    radii: Float32Array.from(entities, ({ mentions }) => radiusOf(mentions)),
    ends,
    widths,
    facts: list.map(({ facts: bundled }) => bundled.sort((a, b) => b.support - a.support).map(({ id }) => id)),
    lines: at.map((lines) => Uint32Array.from(lines)),
    order,
  };
}

/** The part of a graph that has lines: entities without a fact among those shown say nothing in a picture (the list holds them). All stay where there are no facts. */
export function connected<T extends Pick<Graph, 'entities' | 'facts'>>(graph: T): T {
  if (graph.facts.length === 0) return graph;
  const place = new Map<number, number>();
  const used = new Set(graph.facts.flatMap(({ subject, object }) => [subject, object]));
  const entities = graph.entities.filter((_, index) => {
    if (used.has(index)) place.set(index, place.size);
    return used.has(index);
  });
  return { ...graph, entities, facts: graph.facts.map((fact) => ({ ...fact, subject: place.get(fact.subject)!, object: place.get(fact.object)! })) };
}

/** The nodes one step from `node`. */
export function neighboursOf(scene: Scene, node: number): number[] {
  return [...new Set(Array.from(scene.lines[node] ?? [], (line) => (scene.ends[2 * line] === node ? scene.ends[2 * line + 1]! : scene.ends[2 * line]!)))];
}

/** The neighbour (or any node, where none is) that lies most nearly in a direction from `node`; −1 where nothing does. */
export function nodeInDirection(scene: Scene, positions: Float32Array, node: number, dx: number, dy: number): number {
  const pick = (candidates: Iterable<number>): number => {
    let best = -1;
    let bestCost = Infinity;
    for (const other of candidates) {
      if (other === node) continue;
      const x = positions[2 * other]! - positions[2 * node]!;
      const y = positions[2 * other + 1]! - positions[2 * node + 1]!;
      const forward = x * dx + y * dy;
      if (forward <= 0) continue;
      const cost = Math.hypot(x, y) + 2 * Math.abs(x * dy - y * dx);
      if (cost < bestCost) [best, bestCost] = [other, cost];
    }
    return best;
  };
  const near = pick(neighboursOf(scene, node));
  return near >= 0 ? near : pick(scene.order);
}
