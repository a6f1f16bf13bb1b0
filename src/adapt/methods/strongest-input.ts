/** Change of the direction between two rounds below which it counts as found. */
const close = 1e-13;
const mostRounds = 10_000;

/**
 * The direction of inputs that B A amplifies most, its first right singular vector, of length 1; zeros where B A is zero. By power iteration on (Bᵀ B)(A Aᵀ) [rank, rank], whose eigenvector w gives Aᵀ w: nothing as large as
 * B A is made. Where two directions are amplified alike it is one between them.
 *
 * @param a  [rank, in]
 * @param b  [out, rank]
 */
export const strongestInput = (a: Float32Array, b: Float32Array, rank: number): Float32Array => {
  const inner = a.length / rank;
  const out = b.length / rank;
  const rows = gram(rank, inner, (r, i) => a[r * inner + i]!);
  const columns = gram(rank, out, (r, o) => b[o * rank + r]!);
  let w = Float64Array.from({ length: rank }, (_, r) => 1 + 0.5 * Math.sin(r + 1)); // at right angles to nothing in particular
  for (let round = 0; round < mostRounds; round++) {
    const next = times(columns, times(rows, w));
    const length = Math.hypot(...next);
    if (length === 0) return new Float32Array(inner);
    let change = 0;
    for (let r = 0; r < rank; r++) {
      next[r]! /= length;
      change = Math.max(change, Math.abs(next[r]! - w[r]!));
    }
    w = next;
    if (change < close) break;
  }
  const direction = new Float64Array(inner);
  for (let r = 0; r < rank; r++) for (let i = 0; i < inner; i++) direction[i]! += w[r]! * a[r * inner + i]!;
  const length = Math.hypot(...direction);
  return Float32Array.from(direction, (value) => value / length);
};

/** Products of `count` vectors of `length` values with each other, [count, count]. */
const gram = (count: number, length: number, at: (vector: number, i: number) => number): Float64Array => {
  const products = new Float64Array(count * count);
  for (let r = 0; r < count; r++)
    for (let s = 0; s <= r; s++) {
      let sum = 0;
      for (let i = 0; i < length; i++) sum += at(r, i) * at(s, i);
      products[r * count + s] = products[s * count + r] = sum;
    }
  return products;
};

const times = (matrix: Float64Array, x: Float64Array): Float64Array<ArrayBuffer> =>
  Float64Array.from(x, (_, r) => {
    let sum = 0;
    for (let s = 0; s < x.length; s++) sum += matrix[r * x.length + s]! * x[s]!;
    return sum;
  });
