/** What part of the plane is seen: the world point at the middle of the view and how many CSS pixels a world unit takes. */
export interface Camera {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

const smallestScale = 0.01;
const largestScale = 12;

export const toScreen = (camera: Camera, size: Size, world: Point): Point => ({
  x: (world.x - camera.x) * camera.scale + size.width / 2,
  y: (world.y - camera.y) * camera.scale + size.height / 2,
});

export const toWorld = (camera: Camera, size: Size, screen: Point): Point => ({
  x: (screen.x - size.width / 2) / camera.scale + camera.x,
  y: (screen.y - size.height / 2) / camera.scale + camera.y,
});

/** Moves the picture by so many CSS pixels. */
export const panned = (camera: Camera, dx: number, dy: number): Camera => ({ ...camera, x: camera.x - dx / camera.scale, y: camera.y - dy / camera.scale });

/** Zooms so that the world point under `at` stays under it. */
export function zoomed(camera: Camera, size: Size, at: Point, factor: number): Camera {
  const scale = Math.min(largestScale, Math.max(smallestScale, camera.scale * factor));
  const before = toWorld(camera, size, at);
  const after = toWorld({ ...camera, scale }, size, at);
  return { x: camera.x + before.x - after.x, y: camera.y + before.y - after.y, scale };
}

/** The camera that shows every one of `positions` (x, y, x, y, …) with a margin in CSS pixels; a lone point is not magnified beyond 1. */
export function fitted(positions: Float32Array, size: Size, margin = 48): Camera {
  if (positions.length < 2) return { x: 0, y: 0, scale: 1 };
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let i = 0; i < positions.length; i += 2) {
    const x = positions[i]!;
    const y = positions[i + 1]!;
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  const wide = Math.max(1, size.width - 2 * margin) / Math.max(1, right - left);
  const high = Math.max(1, size.height - 2 * margin) / Math.max(1, bottom - top);
  return { x: (left + right) / 2, y: (top + bottom) / 2, scale: Math.min(1.6, Math.max(smallestScale, Math.min(wide, high))) };
}
