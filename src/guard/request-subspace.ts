import { meanVector } from './request-vector.ts';

/** Directions of length 1, each at right angles to the others, [hidden] each. */
export type Subspace = readonly Float32Array[];

const none = 1e-9; // of the largest spread: below it a direction is rounding

/**
 * The directions in which requests differ most: the leading right singular vectors of their vectors less the mean, those of most spread first; fewer than asked for where the vectors span fewer.
 *
 * @param vectors  what a model holds of different requests after one block, [hidden] each: of every request its mean over documents
 * @param rank     how many directions at most
 */
export const requestSubspace = (vectors: readonly Float32Array[], rank: number): Subspace => {
  const mean = meanVector(vectors);
  const apart = vectors.map((vector) => Float64Array.from(vector, (value, i) => value - mean[i]!));
  // There are few requests and many numbers in each: of the two matrices of products the smaller is taken apart.
  const { values, directions } = symmetricEigen(apart.map((a) => apart.map((b) => dot(a, b))));
  const order = [...values.keys()].sort((a, b) => values[b]! - values[a]!);
  const found = order.filter((i) => values[i]! > none * values[order[0]!]!).slice(0, Math.max(0, rank));
  return found.map((i) => {
    const sum = new Float64Array(mean.length);
    for (const [row, vector] of apart.entries()) for (let k = 0; k < sum.length; k++) sum[k]! += directions[row]![i]! * vector[k]!;
    const length = Math.hypot(...sum);
    return Float32Array.from(sum, (value) => value / length);
  });
};

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};

const mostSweeps = 60;

/** Eigenvalues of a symmetric matrix, and its eigenvectors as columns, by Jacobi's rotations. */
const symmetricEigen = (matrix: readonly (readonly number[])[]): { readonly values: number[]; readonly directions: number[][] } => {
  const n = matrix.length;
  const a = matrix.map((row) => [...row]);
  const v = a.map((_, i) => a.map((__, j) => (i === j ? 1 : 0)));
  const whole = Math.hypot(...a.flat());
  for (let sweep = 0; sweep < mostSweeps; sweep++) {
    if (Math.hypot(...a.flatMap((row, i) => row.slice(i + 1))) <= 1e-14 * whole) break;
    for (let p = 0; p < n; p++)
      for (let q = p + 1; q < n; q++) {
        if (a[p]![q] === 0) continue;
        const theta = (a[q]![q]! - a[p]![p]!) / (2 * a[p]![q]!);
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
        const c = 1 / Math.hypot(t, 1);
        const s = t * c;
        for (const rows of [a, v])
          for (const row of rows) {
            const [x, y] = [row[p]!, row[q]!];
            row[p] = c * x - s * y;
            row[q] = s * x + c * y;
          }
        for (let k = 0; k < n; k++) {
          const [x, y] = [a[p]![k]!, a[q]![k]!];
          a[p]![k] = c * x - s * y;
          a[q]![k] = s * x + c * y;
        }
      }
  }
  return { values: a.map((row, i) => row[i]!), directions: v };
};
