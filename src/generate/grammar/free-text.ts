import { byteTable } from './byte-table.ts';
import { patternAutomaton } from './pattern-automaton.ts';
import { farCount, nextCount, type Terminal } from './terminal.ts';
import { openWork } from './work.ts';

// A character inside quotes: itself or escaped, and an escaped pair of surrogates whole.
const hex = '[0-9a-fA-F]';
const escapedPoint = `(?:[0-9abcefABCEF]${hex}{3}|[dD](?:[0-7]${hex}{2}|[89abAB]${hex}{2}\\\\u[dD][c-fC-F]${hex}{2}))`;
const character = `[^"\\\\\\u0000-\\u001f]|\\\\(?:["\\\\/bfnrt]|u${escapedPoint})`;
let characterTable: Terminal | undefined;

const [atStart, insideText, quote] = [0, 1, 0x22];

const mostKept = 64;
const kept = new Map<string, Terminal>();

/** Any JSON string of `least` to `most` characters; the last few that were asked for are kept, so that grammars share them. */
export const freeText = (least: number, most: number): Terminal => {
  const key = `${least} ${most}`;
  const found = kept.get(key) ?? writeFreeText(least, most);
  kept.delete(key);
  kept.set(key, found);
  if (kept.size > mostKept) kept.delete(kept.keys().next().value!);
  return found;
};

/** A state is the place within a character and the count of characters before it. */
const writeFreeText = (least: number, most: number): Terminal => {
  characterTable ??= byteTable(patternAutomaton(character, { search: false, work: openWork('string') }), { asJson: false, work: openWork('string') });
  const inner = characterTable;
  const counts = { least, most };
  // Places: before the text, between characters, within one (the inner automaton's states, one higher), after the text.
  const width = 64;
  const atEnd = width - 1;
  const placeOf = (state: number): number => state % width;
  const countOf = (state: number): number => Math.floor(state / width);
  return {
    start: atStart,
    next(state, byte) {
      const place = placeOf(state);
      if (place === atStart) return byte === quote ? insideText : -1;
      if (place === atEnd) return -1;
      const count = countOf(state);
      if (place === insideText) {
        if (byte === quote) return count >= least ? atEnd : -1;
        if (count >= most) return -1;
      }
      const within = inner.next(place - 1, byte);
      if (within < 0) return -1;
      return inner.accepts(within) ? nextCount(count, counts) * width + insideText : count * width + within + 1;
    },
    accepts: (state) => state === atEnd,
    goesOn: (state) => state !== atEnd,
    rest(vocabulary) {
      const rest = inner.rest(vocabulary);
      const quoted = vocabulary.single[quote] ? 1 : Number.POSITIVE_INFINITY;
      const left = (count: number): number => (count < least ? (least - count) * rest(0) : 0) + quoted;
      return (state) => {
        const place = placeOf(state);
        if (place === atEnd) return 0;
        if (place === atStart) return quoted + left(0);
        return place === insideText ? left(countOf(state)) : rest(place - 1) + left(countOf(state) + 1);
      };
    },
    far: (state, longest) => (placeOf(state) === atEnd ? state : farCount(countOf(state), counts, longest) * width + placeOf(state)),
  };
};
