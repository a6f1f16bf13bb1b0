import { saltOf } from './dropout.ts';

/**
 * Uniform values within ±bound: first values of a parameter. The same name and seed give the same ones, whatever else is drawn.
 *
 * @param bound  variance is bound² / 3
 */
export const uniformStart = (name: string, length: number, seed: number, bound: number): Float32Array => {
  const values = new Float32Array(length);
  let state = (saltOf(name) ^ Math.imul(seed + 1, 0x9e3779b9)) >>> 0;
  for (let i = 0; i < length; i++) {
    state = (state + 0x9e3779b9) >>> 0;
    let hash = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    values[i] = (2 * (((hash ^ (hash >>> 16)) >>> 8) * 2 ** -24) - 1) * bound;
  }
  return values;
};
