/** A Barnes–Hut tree over points of the plane in flat arrays; far groups of points act on a point as one. */
export interface Quadtree {
  build(positions: Float32Array, masses: Float32Array): void;
  /** Adds to `force` (x, y, x, y, …) the repulsion Σ strength·mass/distance² · (p − q), groups seen under an angle below `theta` taken as one. */
  repel(positions: Float32Array, masses: Float32Array, force: Float32Array, strength: number, theta: number): void;
}

const none = -1;

/** Makes an empty tree for `count` points; it grows as it needs. */
export function quadtree(count: number): Quadtree {
  let capacity = Math.max(64, count * 4);
  let children = new Int32Array(capacity * 4);
  let point = new Int32Array(capacity);
  let mass = new Float32Array(capacity);
  let centreX = new Float32Array(capacity);
  let centreY = new Float32Array(capacity);
  const next = new Int32Array(count);
  let cells = 0;
  let rootX = 0;
  let rootY = 0;
  let rootHalf = 1;
  const stackCell = new Int32Array(512);
  const stackHalf = new Float32Array(512);

  function cell(): number {
    if (cells === capacity) {
      capacity *= 2;
      const grow = <T extends Int32Array | Float32Array>(old: T, fresh: T): T => {
        fresh.set(old);
        return fresh;
      };
      children = grow(children, new Int32Array(capacity * 4));
      point = grow(point, new Int32Array(capacity));
      mass = grow(mass, new Float32Array(capacity));
      centreX = grow(centreX, new Float32Array(capacity));
      centreY = grow(centreY, new Float32Array(capacity));
    }
    children.fill(none, cells * 4, cells * 4 + 4);
    point[cells] = none;
    mass[cells] = centreX[cells] = centreY[cells] = 0;
    return cells++;
  }

  function insert(i: number, positions: Float32Array): void {
    const x = positions[2 * i]!;
    const y = positions[2 * i + 1]!;
    let at = 0;
    let [midX, midY, half] = [rootX, rootY, rootHalf];
    for (let depth = 0; ; depth++) {
      const resident = point[at]!;
      const isLeaf = children[4 * at]! === none && children[4 * at + 1]! === none && children[4 * at + 2]! === none && children[4 * at + 3]! === none;
      if (isLeaf && resident === none) {
        point[at] = i;
        next[i] = none;
        return;
      }
      // Points that share a place (or nearly: depth 40) share a leaf as a chain.
      if (isLeaf && (depth > 40 || (positions[2 * resident] === x && positions[2 * resident + 1] === y))) {
        next[i] = resident;
        point[at] = i;
        return;
      }
      if (isLeaf) {
        const moved = cell();
        const slot = (positions[2 * resident]! >= midX ? 1 : 0) + (positions[2 * resident + 1]! >= midY ? 2 : 0);
        children[4 * at + slot] = moved;
        point[moved] = resident;
        point[at] = none;
      }
      const slot = (x >= midX ? 1 : 0) + (y >= midY ? 2 : 0);
      half /= 2;
      midX += slot & 1 ? half : -half;
      midY += slot & 2 ? half : -half;
      let child = children[4 * at + slot]!;
      if (child === none) {
        child = cell();
        children[4 * at + slot] = child;
      }
      at = child;
    }
  }

  /** Masses and centres, children first: a child always has a higher number than its parent. */
  function weigh(positions: Float32Array, masses: Float32Array): void {
    for (let at = cells - 1; at >= 0; at--) {
      let [m, x, y] = [0, 0, 0];
      for (let i = point[at]!; i !== none; i = next[i]!) {
        m += masses[i]!;
        x += masses[i]! * positions[2 * i]!;
        y += masses[i]! * positions[2 * i + 1]!;
      }
      for (let slot = 0; slot < 4; slot++) {
        const child = children[4 * at + slot]!;
        if (child === none) continue;
        m += mass[child]!;
        x += mass[child]! * centreX[child]!;
        y += mass[child]! * centreY[child]!;
      }
      mass[at] = m;
      centreX[at] = x / m;
      centreY[at] = y / m;
    }
  }

  function build(positions: Float32Array, masses: Float32Array): void {
    let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
    for (let i = 0; i < count; i++) {
      left = Math.min(left, positions[2 * i]!);
      right = Math.max(right, positions[2 * i]!);
      top = Math.min(top, positions[2 * i + 1]!);
      bottom = Math.max(bottom, positions[2 * i + 1]!);
    }
    rootX = (left + right) / 2;
    rootY = (top + bottom) / 2;
    rootHalf = Math.max(right - left, bottom - top, 1e-3) / 2;
    cells = 0;
    cell();
    for (let i = 0; i < count; i++) insert(i, positions);
    weigh(positions, masses);
  }

  function repel(positions: Float32Array, masses: Float32Array, force: Float32Array, strength: number, theta: number): void {
    const thetaSquared = theta * theta;
    for (let i = 0; i < count; i++) {
      const x = positions[2 * i]!;
      const y = positions[2 * i + 1]!;
      let [fx, fy, top] = [0, 0, 1];
      stackCell[0] = 0;
      stackHalf[0] = rootHalf;
      while (top > 0) {
        top--;
        const at = stackCell[top]!;
        const half = stackHalf[top]!;
        const dx = x - centreX[at]!;
        const dy = y - centreY[at]!;
        const squared = dx * dx + dy * dy;
        const resident = point[at]!;
        if (resident === none && 4 * half * half < thetaSquared * squared) {
          const push = (strength * mass[at]!) / squared;
          fx += dx * push;
          fy += dy * push;
        } else if (resident !== none) {
          for (let j = resident; j !== none; j = next[j]!) {
            if (j === i) continue;
            let ex = x - positions[2 * j]!;
            let ey = y - positions[2 * j + 1]!;
            // Two points in one place part along a direction of their own, so that the result is the same every time.
            if (ex === 0 && ey === 0) [ex, ey] = [(i - j) * 1e-3, ((i ^ j) % 7) * 1e-3 - 3e-3];
            const push = (strength * masses[j]!) / Math.max(1, ex * ex + ey * ey);
            fx += ex * push;
            fy += ey * push;
          }
        } else {
          for (let slot = 0; slot < 4; slot++) {
            const child = children[4 * at + slot]!;
            if (child === none) continue;
            stackCell[top] = child;
            stackHalf[top] = half / 2;
            top++;
          }
        }
      }
      force[2 * i]! += fx;
      force[2 * i + 1]! += fy;
    }
  }
  return { build, repel };
}
