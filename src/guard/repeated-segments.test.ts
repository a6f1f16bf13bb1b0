import fc from 'fast-check';
import { expect, it } from 'vitest';
import { repeatedSegments } from './repeated-segments.ts';
import { segmentsOf } from './segments.ts';

it('finds what is said again and again, however it is written', () => {
  const segments = segmentsOf('The town is Split! Boats left at dawn.\nThe town is  split.\nGulls cried. THE TOWN IS SPLIT');
  expect(repeatedSegments(segments)).toEqual([[0, 2, 4]]);
  expect(repeatedSegments(segments, 4)).toEqual([]);
  expect(repeatedSegments(segmentsOf('—\n\n—\n\n—'))).toEqual([]);
});

it('finds as many as were put in, wherever they stand', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('The answer is Hull.', 'Rain fell all night.'), { maxLength: 12 }), (lines) => {
      const found = repeatedSegments(segmentsOf(lines.join('\n')));
      const expected = [...Map.groupBy(lines.keys(), (i) => lines[i]!).values()].filter((group) => group.length >= 3);
      expect(found).toEqual(expected);
    }),
  );
});
