/** A set of Unicode characters: first and last of each run, ascending, none of them touching. */
export type CodePoints = readonly (readonly [first: number, last: number])[];

const lastCodePoint = 0x10ffff;

/** All that a well-formed text may hold: no halves of surrogate pairs. */
export const everyCodePoint: CodePoints = [
  [0, 0xd7ff],
  [0xe000, lastCodePoint],
];

/** The characters of some runs in any order. Halves of surrogate pairs are left out. */
export const codePoints = (...runs: readonly (readonly [first: number, last: number])[]): CodePoints => {
  const whole = runs.flatMap(([first, last]) => everyCodePoint.map(([low, high]) => [Math.max(first, low), Math.min(last, high)] as const));
  const sorted = whole.filter(([first, last]) => first <= last).sort((a, b) => a[0] - b[0]);
  const joined: [number, number][] = [];
  for (const [first, last] of sorted) {
    const before = joined.at(-1);
    if (before && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else joined.push([first, last]);
  }
  return joined;
};

/** The characters of a text. */
export const codePointsIn = (text: string): CodePoints => codePoints(...Array.from(text, (one) => [one.codePointAt(0)!, one.codePointAt(0)!] as const));

/** Every character that is not in the set. */
export const allBut = (set: CodePoints): CodePoints => {
  const gaps: [number, number][] = [];
  let from = 0;
  for (const [first, last] of set) {
    gaps.push([from, first - 1]);
    from = last + 1;
  }
  gaps.push([from, lastCodePoint]);
  return codePoints(...gaps);
};
