import fc from 'fast-check';
import { expect, it } from 'vitest';
import { numbersOf } from '../../runtime/index.ts';
import { gapFeeds } from './gap-feeds.ts';
import { cellsOf, gridOf, spanOf, tilesOf } from './grid.ts';
import { reach } from './network/relation-scores.ts';
import { tinyConfig, tinyDocument, tinyRows, tinySpecial } from './testing/tiny-reader.ts';

it('gives every pair the subwords between its spans and the distance of their first words, none of it twice', () => {
  const { widths } = tinyConfig;
  const grid = gridOf(tinyRows([tinyDocument(1, [5, 14]), tinyDocument(2, [7])]), widths, tinySpecial);
  const [first, last] = [numbersOf(grid.feeds.wordFirst), numbersOf(grid.feeds.wordLast)];
  const beamsOf = fc.tuple(...grid.sentences.map((sentence) => fc.shuffledSubarray(cellsOf(sentence, widths))));
  fc.assert(
    fc.property(beamsOf, (beams) => {
      const tiles = tilesOf(
        beams.map((beam) => beam.length),
        (i, j) => i !== j,
      );
      const feeds = gapFeeds(grid, beams, tiles);
      const [left, right, distance, which] = [feeds.gapLeft, feeds.gapRight, feeds.gapDistance, feeds.relationGaps].map(numbersOf) as Float64Array[];
      const gaps = Array.from(left!, (from, i) => [from, right![i], distance![i]].join());
      expect(new Set(gaps).size).toBe(gaps.length);
      for (const [beam, cells] of beams.entries())
        for (const [i, subject] of cells.entries())
          for (const [j, object] of cells.entries()) {
            if (i === j) continue;
            const [a, b] = [spanOf(subject, widths), spanOf(object, widths)];
            const from = Math.min(last![a.last]!, last![b.last]!) + 1;
            const to = Math.max(first![a.first]!, first![b.first]!);
            const apart = Math.max(-reach, Math.min(reach, b.first - a.first));
            expect(gaps[which![tiles.place(beam, i, j)]!]).toBe((to > from ? [from, to, apart] : [0, 0, apart]).join());
          }
    }),
    { numRuns: 30 },
  );
});
