import type { Segment } from './segments.ts';

/**
 * Groups of segments that say the same words at least `times` times, letter case, marks and white space aside: positions in `segments`, in order. A rule that needs no encoder; a refrain is one
 * too, so it is a reason to look and no proof.
 *
 * @param times  from 2 up
 */
export const repeatedSegments = (segments: readonly Segment[], times = 3): number[][] => {
  const groups = Map.groupBy(segments.keys(), (i) => wordsOf(segments[i]!.text));
  return [...groups].filter(([words, group]) => words !== '' && group.length >= Math.max(2, times)).map(([, group]) => group);
};

const wordsOf = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .match(/[\p{L}\p{M}\p{N}]+/gu)
    ?.join(' ') ?? '';
