import { quadtree } from './quadtree.ts';

/** A graph as flat arrays: `edges` holds node indices two by two. */
export interface LayoutInput {
  readonly positions: Float32Array;
  readonly radii: Float32Array;
  readonly edges: Uint32Array;
  /** 1 lays out from scratch, less keeps more of the picture that is already there. */
  readonly heat: number;
}

export interface ForceLayout {
  readonly positions: Float32Array;
  /** One step; false once the layout has cooled down. */
  step(): boolean;
  /** From 0 to 1. */
  readonly progress: number;
}

const restLength = 52;
const repulsion = 150;
const gravity = 0.024;
const friction = 0.58;
const coolest = 0.006;

/**
 * Springs along edges, repulsion between all, a weak pull to the middle; cools down over a fixed number of steps, so the same graph
 * from the same start always ends in the same picture.
 */
export function forceLayout({ positions, radii, edges, heat }: LayoutInput): ForceLayout {
  const count = positions.length >> 1;
  const steps = Math.round((count > 4000 ? 130 : count > 1000 ? 220 : 320) * Math.min(1, 0.35 + heat * 0.65));
  const cooling = (coolest / Math.max(coolest, heat)) ** (1 / steps);
  const degree = new Float32Array(count);
  for (const node of edges) degree[node]! += 1;
  const masses = degree.map((d, i) => 1 + Math.sqrt(d) * 0.5 + radii[i]! * 0.06);
  const tree = quadtree(count);
  const force = new Float32Array(2 * count);
  const velocity = new Float32Array(2 * count);
  let alpha = heat;
  let done = 0;

  function springs(): void {
    for (let e = 0; e < edges.length; e += 2) {
      const a = edges[e]!;
      const b = edges[e + 1]!;
      if (a === b) continue;
      const dx = positions[2 * b]! - positions[2 * a]! || 1e-3;
      const dy = positions[2 * b + 1]! - positions[2 * a + 1]! || 1e-3;
      const length = Math.sqrt(dx * dx + dy * dy);
      const smaller = Math.min(degree[a]!, degree[b]!);
      const rest = restLength + radii[a]! + radii[b]! + Math.sqrt(smaller) * 6;
      const pull = (((length - rest) / length) * 0.9) / smaller;
      const share = degree[a]! / (degree[a]! + degree[b]!);
      force[2 * a]! += dx * pull * (1 - share);
      force[2 * a + 1]! += dy * pull * (1 - share);
      force[2 * b]! -= dx * pull * share;
      force[2 * b + 1]! -= dy * pull * share;
    }
  }

  function step(): boolean {
    if (count === 0 || done >= steps) return false;
    force.fill(0);
    tree.build(positions, masses);
    tree.repel(positions, masses, force, repulsion, count > 4000 ? 1.15 : 0.9);
    springs();
    const limit = 60 + 400 * alpha;
    for (let i = 0; i < count; i++) {
      const pull = gravity * (degree[i]! > 0 ? 1 : 1.6);
      for (let axis = 0; axis < 2; axis++) {
        const at = 2 * i + axis;
        const v = (velocity[at]! + (force[at]! - positions[at]! * pull) * alpha) * friction;
        velocity[at] = Math.min(limit, Math.max(-limit, v));
        positions[at]! += velocity[at]!;
      }
    }
    alpha *= cooling;
    done += 1;
    return done < steps;
  }
  return {
    positions,
    step,
    get progress() {
      return steps === 0 ? 1 : done / steps;
    },
  };
}

/** Pushes discs that overlap apart, a few sweeps over a grid; positions change in place. */
export function separate(positions: Float32Array, radii: Float32Array, sweeps = 12, gap = 3): void {
  const count = radii.length;
  let largest = 1;
  for (const radius of radii) largest = Math.max(largest, radius);
  const side = 2 * largest + gap;
  for (let sweep = 0; sweep < sweeps; sweep++) {
    const cells = new Map<number, number[]>();
    const key = (x: number, y: number) => Math.floor(x / side) * 65_537 + Math.floor(y / side);
    for (let i = 0; i < count; i++) {
      const k = key(positions[2 * i]!, positions[2 * i + 1]!);
      const cell = cells.get(k);
      if (cell) cell.push(i);
      else cells.set(k, [i]);
    }
    let moved = false;
    for (let i = 0; i < count; i++) {
      const column = Math.floor(positions[2 * i]! / side);
      const row = Math.floor(positions[2 * i + 1]! / side);
      for (let c = column - 1; c <= column + 1; c++) {
        for (let r = row - 1; r <= row + 1; r++) {
          for (const j of cells.get(c * 65_537 + r) ?? []) {
            if (j <= i) continue;
            const dx = positions[2 * j]! - positions[2 * i]! || 1e-2;
            const dy = positions[2 * j + 1]! - positions[2 * i + 1]! || 1e-2;
            const distance = Math.sqrt(dx * dx + dy * dy);
            const wanted = radii[i]! + radii[j]! + gap;
            if (distance >= wanted) continue;
            const shift = (wanted - distance) / distance / 2;
            positions[2 * i]! -= dx * shift;
            positions[2 * i + 1]! -= dy * shift;
            positions[2 * j]! += dx * shift;
            positions[2 * j + 1]! += dy * shift;
            moved = true;
          }
        }
      }
    }
    if (!moved) return;
  }
}

/** A place to start from that depends on the index alone: a sunflower spiral, so nobody starts on top of another. */
export function spiral(index: number, spacing = 26): { x: number; y: number } {
  const radius = spacing * Math.sqrt(index + 0.5);
  const angle = index * Math.PI * (3 - Math.sqrt(5));
  return { x: radius * Math.cos(angle), y: radius * Math.sin(angle) };
}
