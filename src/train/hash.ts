/** 32-bit mix: every bit of the result depends on every bit of x (the finaliser of MurmurHash3). */
const mix = (x: number): number => {
  let h = x >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
};

/** A uint32 that depends on every number given and on their order. No state: the same numbers always give the same. */
export const hashOf = (...numbers: readonly number[]): number =>
  numbers.reduce((hash, number) => mix((Math.imul(hash, 0x9e3779b1) + mix(number)) >>> 0), 0x2545f491);

/** Uniform in [0, 1), from a hash. */
export const uniformOf = (...numbers: readonly number[]): number => hashOf(...numbers) / 2 ** 32;

/** uint32 of a name, for streams that are told apart by name. */
export const hashOfName = (name: string): number => hashOf(...Array.from(name, (c) => c.codePointAt(0)!));
