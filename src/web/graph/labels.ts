import type { Camera, Size } from './camera.ts';
import { nodeScaleAt } from './renderer.ts';

export interface PlacedLabel {
  readonly node: number;
  readonly x: number;
  readonly y: number;
}

export interface LabelChoice {
  readonly positions: Float32Array;
  readonly radii: Float32Array;
  /** Nodes that may have a label, largest first: in this order they get one. */
  readonly order: Uint32Array;
  /** Width of a label in CSS pixels; null where it is not known yet: this label and the less important wait for another frame. */
  readonly widthOf: (node: number) => number | null;
  /** These are labelled whatever stands in the way. */
  readonly always: readonly number[];
}

const lineHeight = 16;
const cellSide = 32;
/** Discs drawn smaller than this get no label. */
const smallestLabelled = 3;

/** Chooses labels that do not cover one another, most important first; at most `limit`. */
export function chooseLabels(choice: LabelChoice, camera: Camera, size: Size, limit = 90): PlacedLabel[] {
  const columns = Math.ceil(size.width / cellSide) + 1;
  const rows = Math.ceil(size.height / lineHeight) + 1;
  const taken = new Uint8Array(columns * rows);
  const placed: PlacedLabel[] = [];
  const seen = new Set<number>();
  const grow = nodeScaleAt(camera.scale);
  let waits = false;

  function place(node: number, forced: boolean): void {
    const radius = choice.radii[node]! * grow;
    const x = (choice.positions[2 * node]! - camera.x) * camera.scale + size.width / 2 + radius + 4;
    const y = (choice.positions[2 * node + 1]! - camera.y) * camera.scale + size.height / 2;
    if (x > size.width || y < 0 || y > size.height || x < -400) return;
    const width = choice.widthOf(node);
    waits ||= width === null;
    if (width === null || x + width < 0) return;
    const from = Math.max(0, Math.floor((x - radius) / cellSide));
    const to = Math.min(columns - 1, Math.floor((x + width) / cellSide));
    const top = Math.max(0, Math.floor((y - lineHeight / 2) / lineHeight));
    const bottom = Math.min(rows - 1, Math.floor((y + lineHeight / 2 - 1) / lineHeight));
    if (!forced) {
      for (let r = top; r <= bottom; r++) for (let c = from; c <= to; c++) if (taken[r * columns + c]) return;
    }
    for (let r = top; r <= bottom; r++) taken.fill(1, r * columns + from, r * columns + to + 1);
    seen.add(node);
    placed.push({ node, x, y });
  }

  for (const node of choice.always) if (!seen.has(node)) place(node, true);
  for (const node of choice.order) {
    if (waits || placed.length >= limit || choice.radii[node]! * grow < smallestLabelled) break;
    if (!seen.has(node)) place(node, false);
  }
  return placed;
}
