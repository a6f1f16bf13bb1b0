import { ShapeError } from '../core/index.ts';

/** The vector scaled to length 1; a vector of zeros stays. */
export const normalise = (vector: Float32Array): Float32Array => {
  const length = Math.sqrt(dot(vector, vector));
  return length === 0 ? vector.slice() : vector.map((value) => value / length);
};

/** Cosine of the angle between two vectors, in [-1, 1]; 0 where one is all zeros. */
export const cosine = (a: Float32Array, b: Float32Array): number => {
  const lengths = Math.sqrt(dot(a, a) * dot(b, b));
  return lengths === 0 ? 0 : dot(a, b) / lengths;
};

const dot = (a: Float32Array, b: Float32Array): number => {
  if (a.length !== b.length) throw new ShapeError(`cosine: expected vectors of one width, got ${a.length} and ${b.length}; they are of two models`);
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i]! * b[i]!;
  return total;
};
