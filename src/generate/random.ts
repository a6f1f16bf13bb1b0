/** Uniform numbers in [0, 1) that a seed and a position determine: the n-th draw is the same whatever was drawn before, on every machine. */
export const uniformAt = (seed: number, position: number): number => {
  let x =
    Math.imul((seed >>> 0) ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul((position >>> 0) + 0x7f4a7c15, 0xc2b2ae35) ^ Math.imul(Math.floor(seed / 2 ** 32), 0x27d4eb2f);
  for (const by of [0x7feb352d, 0x846ca68b, 0x2c1b3c6d]) {
    x ^= x >>> 16;
    x = Math.imul(x, by);
    x ^= x >>> 15;
  }
  return (x >>> 0) / 2 ** 32;
};
