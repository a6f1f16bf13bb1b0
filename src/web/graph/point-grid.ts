/** A grid over points of the plane: answers "which point is nearest" without asking the graphics card, whose read-back would stall the frame. */
export interface PointGrid {
  /** Index of the nearest point within `reach` world units of (x, y), or −1. `accepts` may leave points out. */
  nearest(x: number, y: number, reach: number, accepts?: (index: number, distance: number) => boolean): number;
}

/** Builds the grid over `positions` (x, y, x, y, …) in linear time. */
export function pointGrid(positions: Float32Array): PointGrid {
  const count = positions.length >> 1;
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let i = 0; i < count; i++) {
    left = Math.min(left, positions[2 * i]!);
    right = Math.max(right, positions[2 * i]!);
    top = Math.min(top, positions[2 * i + 1]!);
    bottom = Math.max(bottom, positions[2 * i + 1]!);
  }
  const side = Math.max(1, Math.ceil(Math.sqrt(count / 2)));
  const cellWidth = Math.max(1e-6, (right - left) / side) * (1 + 1e-6);
  const cellHeight = Math.max(1e-6, (bottom - top) / side) * (1 + 1e-6);
  const column = (x: number) => Math.min(side - 1, Math.max(0, Math.floor((x - left) / cellWidth)));
  const row = (y: number) => Math.min(side - 1, Math.max(0, Math.floor((y - top) / cellHeight)));
  const starts = new Uint32Array(side * side + 1);
  const cellOf = (i: number) => row(positions[2 * i + 1]!) * side + column(positions[2 * i]!);
  for (let i = 0; i < count; i++) starts[cellOf(i) + 1]!++;
  for (let c = 0; c < side * side; c++) starts[c + 1]! += starts[c]!;
  const cursor = starts.slice();
  const members = new Uint32Array(count);
  for (let i = 0; i < count; i++) members[cursor[cellOf(i)]!++] = i;

  const nearest: PointGrid['nearest'] = (x, y, reach, accepts) => {
    let best = -1;
    let bestDistance = reach;
    for (let r = row(y - reach); r <= row(y + reach); r++) {
      for (let c = column(x - reach); c <= column(x + reach); c++) {
        for (let m = starts[r * side + c]!; m < starts[r * side + c + 1]!; m++) {
          const i = members[m]!;
          const distance = Math.hypot(positions[2 * i]! - x, positions[2 * i + 1]! - y);
          if (distance <= bestDistance && (!accepts || accepts(i, distance))) [best, bestDistance] = [i, distance];
        }
      }
    }
    return best;
  };
  return { nearest };
}
