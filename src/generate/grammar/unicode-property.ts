import { type CodePoints, codePoints } from './code-points.ts';

const known = new Map<string, CodePoints>();
const blockLength = 0x1000;

/**
 * The characters of a Unicode property as `\p{…}` of regular expressions names it, `L` or `Script=Greek` for instance, from this engine's own tables.
 *
 * @returns undefined for a name that the engine does not know, and for properties of texts of several characters
 */
export const unicodeProperty = (name: string): CodePoints | undefined => {
  const found = known.get(name) ?? look(name);
  if (found) known.set(name, found); // the engine knows some hundred names
  return found;
};

/** What looking at every character counts as, in steps of `Work`. */
export const propertySteps = 200_000;

const look = (name: string): CodePoints | undefined => {
  if (!/^\w+(=\w+)?$/.test(name)) return undefined;
  let runs: RegExp;
  try {
    runs = new RegExp(`\\p{${name}}+`, 'gu');
  } catch {
    return undefined;
  }
  const found: (readonly [number, number])[] = [];
  for (let from = 0; from < 0x110000; from += blockLength) {
    const last = from === 0xd000 ? 0xd7ff : from + blockLength - 1; // then come halves of pairs
    found.push(...runsIn(runs, from, last));
  }
  return codePoints(...found);
};

const runsIn = (runs: RegExp, first: number, last: number): (readonly [number, number])[] => {
  const text = String.fromCodePoint(...Array.from({ length: last - first + 1 }, (_, i) => first + i));
  const units = first > 0xffff ? 2 : 1;
  return Array.from(text.matchAll(runs), ({ 0: run, index }) => [first + index / units, first + (index + run.length) / units - 1] as const);
};
