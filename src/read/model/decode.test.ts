import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bestDisjoint, bestLabel, decodeClusters, decodeEntities, decodeRelations, type ScoredSpan } from './decode.ts';
import { pruneCrossing, topIndices } from './prune.ts';

const span = fc
  .tuple(fc.nat(9), fc.nat(3), fc.integer({ min: 1, max: 50 }))
  .map(([start, length, score]): ScoredSpan => ({ start, end: start + length, score }));
const overlap = (a: ScoredSpan, b: ScoredSpan) => a.start <= b.end && b.start <= a.end;
const total = (spans: readonly ScoredSpan[]) => spans.reduce((sum, { score }) => sum + score, 0);

describe('decoding entities', () => {
  it('finds the non-overlapping set with the largest sum, as trying all sets does', () => {
    fc.assert(
      fc.property(fc.array(span, { maxLength: 9 }), (spans) => {
        const chosen = bestDisjoint(spans);
        let best = 0;
        for (let set = 0; set < 2 ** spans.length; set++) {
          const members = spans.filter((_, i) => (set >> i) & 1);
          if (members.every((a, i) => members.slice(i + 1).every((b) => !overlap(a, b)))) best = Math.max(best, total(members));
        }
        expect(total(chosen)).toBe(best);
        expect(chosen.every((a, i) => chosen.slice(i + 1).every((b) => !overlap(a, b)))).toBe(true);
      }),
    );
  });

  it('leaves out what null beats, and gives probabilities', () => {
    const found = decodeEntities(
      [
        { start: 0, end: 0 },
        { start: 1, end: 2 },
      ],
      (i) => (i === 0 ? [-1, -0.1, -2, 0, -3, -1] : [0.5, 2, -1, -1, -1, -1]),
    );
    expect(found).toEqual([
      { start: 1, end: 2, label: 'Method', score: expect.closeTo(Math.exp(2) / (1 + Math.exp(0.5) + Math.exp(2) + 4 * Math.exp(-1)), 4) },
    ]);
  });

  it('survives scores that would overflow an exponential', () => {
    expect(bestLabel([2000, 1])).toEqual({ label: 0, score: 2000, probability: 1 });
  });
});

describe('decoding relations', () => {
  it('labels every ordered pair on its own, a span with itself excepted', () => {
    const beam = [
      { start: 3, end: 3 },
      { start: 0, end: 1 },
    ];
    const found = decodeRelations(beam, (i, j) =>
      i === 1 && j === 0 ? [4, 0, 0, 0, 0, 0, 0] : i === j ? [9, 9, 9, 9, 9, 9, 9] : [-1, -1, -1, -1, -1, -1, -1],
    );
    expect(found).toEqual([{ subject: beam[1], object: beam[0], label: 'USED-FOR', score: expect.any(Number) }]);
  });
});

describe('decoding clusters', () => {
  it('joins every mention with its best antecedent and keeps no singletons', () => {
    const mentions = [0, 2, 4, 6, 8].map((start) => ({ start, end: start }));
    // 1 → 0 · 2 → nothing · 3 → 1, so it is with 0 · 4 → 2
    const scores = [[], [1], [-1, -2], [-1, 3, 2], [0, 5, 1, 1]];
    expect(decodeClusters(mentions, (i) => scores[i]!)).toEqual([
      [mentions[0], mentions[1], mentions[3]],
      [mentions[2], mentions[4]],
    ]);
  });
});

describe('pruning', () => {
  it('takes from the best down and skips exactly what crosses something taken', () => {
    fc.assert(
      fc.property(fc.uniqueArray(span, { maxLength: 12, selector: ({ start, end }) => `${start}-${end}` }), fc.integer({ min: 1, max: 6 }), (spans, k) => {
        const scores = spans.map(({ score }) => score);
        const crosses = (a: ScoredSpan, b: ScoredSpan) =>
          (a.start < b.start && b.start <= a.end && a.end < b.end) || (b.start < a.start && a.start <= b.end && b.end < a.end);
        const plain: number[] = [];
        for (const i of topIndices(scores, spans.length)) if (plain.length < k && plain.every((other) => !crosses(spans[i]!, spans[other]!))) plain.push(i);
        expect([...pruneCrossing((i) => spans[i]!, scores, k)].sort((a, b) => a - b)).toEqual(plain.sort((a, b) => a - b));
      }),
    );
  });
});
