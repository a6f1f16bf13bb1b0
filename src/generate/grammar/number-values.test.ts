import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isMultiple } from './exact-decimal.ts';
import { numberFits, numbersOf } from './number-values.ts';
import type { Terminal } from './terminal.ts';
import { byteVocabulary } from './testing/mock-vocabulary.ts';

const endOf = (terminal: Terminal, text: string): number => {
  let state = terminal.start;
  for (const byte of Buffer.from(text)) {
    state = terminal.next(state, byte);
    if (state < 0) return -1;
  }
  return state;
};
const bound = fc.oneof(
  fc.integer({ min: -1000, max: 1000 }),
  fc.integer({ min: -99999, max: 99999 }).map((n) => n / 1000),
);
const step = fc.constantFrom(undefined, 1, 2, 3, 7, 10, 25, 0.1, 0.25, 0.05);
const given = fc.record({ one: bound, other: bound, step, exclusive: fc.boolean(), half: fc.boolean() }).map(({ one, other, step, exclusive, half }) => ({
  [exclusive ? 'exclusiveMinimum' : 'minimum']: Math.min(one, other),
  ...(!half && { maximum: Math.max(one, other) }),
  ...(step !== undefined && { multipleOf: step }),
}));

describe('numbers within bounds', () => {
  it('are those that fit, however they are written', () => {
    const text = fc.oneof(
      fc.integer({ min: -1200, max: 1200 }).map(String),
      fc.tuple(fc.integer({ min: -1200, max: 1200 }), fc.stringMatching(/^\d{1,3}$/)).map((pair) => pair.join('.')),
    );
    fc.assert(
      fc.property(given, fc.boolean(), text, (keywords, integer, spelt) => {
        const terminal = numbersOf([keywords], integer, '#');
        if (!terminal) return;
        const state = endOf(terminal, spelt);
        const wanted = numberFits(Number(spelt), [keywords]) && !(integer && spelt.includes('.')) && !/^-0(\.0*)?$/.test(spelt);
        expect(state >= 0 && terminal.accepts(state)).toBe(wanted);
      }),
      { numRuns: 3000 },
    );
  });

  it('can be completed from wherever a digit leads, in as few digits as it says', () => {
    fc.assert(
      fc.property(given, fc.boolean(), fc.infiniteStream(fc.nat(12)), (keywords, integer, picks) => {
        const terminal = numbersOf([keywords], integer, '#');
        if (!terminal) return;
        const rest = terminal.rest(byteVocabulary.vocabulary);
        let [state, text] = [terminal.start, ''];
        for (const pick of picks) {
          const following = [...'-.0123456789'].filter((one) => terminal.next(state, one.charCodeAt(0)) >= 0);
          expect(terminal.goesOn(state)).toBe(following.length > 0);
          const left = rest(state);
          expect(left === 0).toBe(terminal.accepts(state));
          expect(following.length > 0 || left === 0, text).toBe(true);
          if (left > 0) expect(Math.min(...following.map((one) => rest(terminal.next(state, one.charCodeAt(0)))))).toBe(left - 1);
          if (following.length === 0) break;
          const one = following[pick % following.length]!;
          state = terminal.next(state, one.charCodeAt(0));
          text += one;
        }
        expect(numberFits(Number(text), [keywords]), text).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('exist only where there are some', () => {
    expect(numbersOf([{ minimum: 4, maximum: 3 }], true, '#')).toBeUndefined();
    expect(numbersOf([{ minimum: 1.2, maximum: 1.8 }], true, '#')).toBeUndefined();
    expect(numbersOf([{ exclusiveMinimum: 1, exclusiveMaximum: 2 }], true, '#')).toBeUndefined();
    expect(numbersOf([{ minimum: 1, maximum: 6, multipleOf: 7 }], true, '#')).toBeUndefined();
    expect(numbersOf([{ minimum: 1, multipleOf: 1e300 }], true, '#')).toBeUndefined();
    expect(numbersOf([{ multipleOf: 7 }, { multipleOf: 11 }, { minimum: 1, maximum: 76 }], false, '#')).toBeUndefined();
    expect(() => numbersOf([{ minimum: 1e20 }], false, '#/a')).toThrow(/^schema #\/a: expected bounds between which there are numbers of up to 14 digits/);
    expect(() => numbersOf([{ minimum: 0.12345678, maximum: 0.12345679 }], false, '#')).toThrow(/7 after the point/);
    expect(() => numbersOf([{ multipleOf: 1 / 3 }], false, '#/a')).toThrow(/^schema #\/a\/multipleOf: expected a number of at most 7 digits/);
  });

  it('are multiples as they are written', () => {
    expect([
      isMultiple(0.3, 0.1),
      isMultiple(1.1, 0.01),
      isMultiple(1e21, 7),
      isMultiple(0, 3),
      isMultiple(-6, 3),
      isMultiple(1e-7, 1e-8),
      isMultiple(0.35, 0.1),
    ]).toEqual([true, true, false, true, true, true, false]);
  });
});
