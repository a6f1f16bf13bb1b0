import { cosine } from '../encode/index.ts';

/** The mean of some vectors of one length. */
export const meanVector = (vectors: readonly Float32Array[]): Float32Array => {
  const mean = new Float32Array(vectors[0]?.length ?? 0);
  for (const vector of vectors) for (const [i, value] of vector.entries()) mean[i]! += value / vectors.length;
  return mean;
};

/** Cosine distance, 0 to 2. */
export const apart = (a: Float32Array, b: Float32Array): number => 1 - cosine(a, b);
