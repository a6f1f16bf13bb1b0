import type { Subspace } from './request-subspace.ts';

/** What takes the place of a last token's vector, made from that vector; [hidden] both. */
export type RequestMove = (own: Float32Array) => Float32Array;

/** The trusted vector in place of the whole: the paper's oversight. */
export const movedWholly =
  (trusted: Float32Array): RequestMove =>
  () =>
    trusted;

/** Of the vector only what lies in a subspace is the trusted one's; what is at right angles to it stays. */
export const movedWithin =
  (subspace: Subspace, trusted: Float32Array): RequestMove =>
  (own) => {
    const made = Float32Array.from(own);
    for (const direction of subspace) {
      let along = 0;
      for (const [i, value] of direction.entries()) along += value * (trusted[i]! - own[i]!);
      for (const [i, value] of direction.entries()) made[i]! += along * value;
    }
    return made;
  };

/** A part of the way that another move goes, 0 to 1. */
export const movedPartly =
  (share: number, move: RequestMove): RequestMove =>
  (own) => {
    const there = move(own);
    return own.map((value, i) => value + share * (there[i]! - value));
  };
