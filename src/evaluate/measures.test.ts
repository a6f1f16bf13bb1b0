import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Annotations, Relation, Span } from './annotations.ts';
import { assign } from './assignment.ts';
import { countBCubed, countCeaf, countMuc, meanScore } from './coreference.ts';
import { addCounts, type Counts, scoreOf } from './counts.ts';
import { countEntities, countSpans } from './entities.ts';
import { countRelations } from './relations.ts';

const at = (start: number, end = start): Span => ({ start, end });
const said = (parts: Partial<Annotations>): Annotations => ({ entities: [], relations: [], clusters: [], ...parts });
const counts = (precisionHits: number, predicted: number, recallHits: number, gold: number): Counts => ({ precisionHits, predicted, recallHits, gold });

describe('entities, by hand', () => {
  const gold = said({
    entities: [
      { ...at(0, 1), label: 'Task' },
      { ...at(3), label: 'Method' },
      { ...at(5, 7), label: 'Metric' },
      { ...at(9), label: 'Generic' },
    ],
  });
  // Right: Task 0–1. Right span, wrong label: 3. Wrong end: 5–6. Found twice: Task 0–1 again. 9 is missed.
  const predicted = said({
    entities: [
      { ...at(0, 1), label: 'Task' },
      { ...at(0, 1), label: 'Task' },
      { ...at(3), label: 'Task' },
      { ...at(5, 6), label: 'Metric' },
    ],
  });

  it('hold 1 of 3 predicted and 1 of 4 gold; F1 = 2·(1/3)·(1/4) / (1/3 + 1/4) = (1/6) / (7/12) = 2/7', () => {
    expect(countEntities(gold, predicted)).toEqual(counts(1, 3, 1, 4));
    expect(scoreOf(countEntities(gold, predicted)).f1).toBeCloseTo(2 / 7, 12);
  });

  it('as spans hold 2 of 3 and 2 of 4; F1 = 2·(2/3)·(1/2) / (7/6) = 4/7', () => {
    expect(countSpans(gold, predicted)).toEqual(counts(2, 3, 2, 4));
    expect(scoreOf(countSpans(gold, predicted)).f1).toBeCloseTo(4 / 7, 12);
  });

  it('pool by adding: (1 of 3, of 4) and (1 of 1, of 1) give P = 2/4, R = 2/5, not the mean of the documents', () => {
    expect(scoreOf(addCounts(counts(1, 3, 1, 4), counts(1, 1, 1, 1)))).toEqual({ precision: 0.5, recall: 0.4, f1: 0.4 / 0.9 });
  });

  it('score 0, not NaN, where there is nothing', () => {
    expect(scoreOf(countEntities(said({}), said({})))).toEqual({ precision: 0, recall: 0, f1: 0 });
  });
});

describe('relations, by hand', () => {
  const relation = (subject: number, object: number, label: string, score = 1): Relation => ({ subject: at(subject), object: at(object), label, score });
  const entity = (token: number, label: string) => ({ ...at(token), label });
  const gold = said({
    entities: [entity(0, 'Method'), entity(1, 'Task'), entity(2, 'Method'), entity(3, 'Method')],
    relations: [relation(0, 1, 'USED-FOR'), relation(2, 3, 'CONJUNCTION'), relation(0, 2, 'COMPARE'), relation(2, 1, 'USED-FOR')],
  });
  const predicted = said({
    // 3 has the wrong label, 2 is not predicted.
    entities: [entity(0, 'Method'), entity(1, 'Task'), entity(3, 'Task')],
    relations: [
      relation(0, 1, 'USED-FOR'), // right
      relation(3, 2, 'CONJUNCTION'), // right but for the order
      relation(0, 2, 'COMPARE'), // right, though 2 is no predicted entity
      relation(1, 2, 'USED-FOR'), // wrong direction of an asymmetric label
      relation(0, 3, 'PART-OF'), // invented
    ],
  });

  it('Rel: 2 hits (USED-FOR, COMPARE) of 5 predicted and 4 gold', () => {
    expect(countRelations(gold, predicted)).toEqual(counts(2, 5, 2, 4));
  });

  it('Rel+: COMPARE falls (2 is no entity), the denominators stay: 1 of 5 and 4', () => {
    expect(countRelations(gold, predicted, { strict: true })).toEqual(counts(1, 5, 1, 4));
  });

  it('symmetric twice: gold 1 + 2 + 2 + 1 = 6; predicted 1 + 2 + 2 + 1 + 1 = 7; hits 1 + 2 + 2 = 5', () => {
    expect(countRelations(gold, predicted, { symmetricTwice: true })).toEqual(counts(5, 7, 5, 6));
  });

  it('symmetric twice and strict: only USED-FOR has both arguments right, hits 1', () => {
    expect(countRelations(gold, predicted, { symmetricTwice: true, strict: true })).toEqual(counts(1, 7, 1, 6));
  });

  it('symmetric twice counts both orders of one prediction as one relation', () => {
    const both = said({ relations: [relation(2, 3, 'CONJUNCTION'), relation(3, 2, 'CONJUNCTION')] });
    expect(countRelations(gold, both, { symmetricTwice: true })).toEqual(counts(2, 2, 2, 6));
    expect(countRelations(gold, both)).toEqual(counts(1, 2, 1, 4));
  });

  it('dropping overlaps: of three USED-FOR with overlapping arguments the best stays; another label or a free argument is no reason', () => {
    const wide = (score: number, subject: Span, object: Span, label = 'USED-FOR') => ({ subject, object, label, score });
    const heard = said({
      relations: [wide(0.4, at(0), at(5)), wide(0.9, at(0, 1), at(5, 6)), wide(0.3, at(1), at(6)), wide(0.2, at(0), at(5), 'PART-OF'), wide(0.1, at(0), at(9))],
    });
    const truth = said({ relations: [wide(1, at(0), at(5)), wide(1, at(0), at(9))] });
    // Kept: 0.9 (not gold), PART-OF (not gold), 0.1 (gold): 1 hit of 3 predicted.
    expect(countRelations(truth, heard, { dropOverlapping: true })).toEqual(counts(1, 3, 1, 2));
    expect(countRelations(truth, heard)).toEqual(counts(2, 5, 2, 2));
  });
});

describe('coreference, by hand', () => {
  const clusters = (...lists: number[][]) => lists.map((list) => list.map((token) => at(token)));
  // Gold {1 2 3} {4 5}; predicted {1 2} {3 4 5} {6 7}.
  const gold = clusters([1, 2, 3], [4, 5]);
  const predicted = clusters([1, 2], [3, 4, 5], [6, 7]);

  it('MUC: P = (2−1) + (3−2) + (2−2) = 2 of 1 + 2 + 1 = 4; R = (3−2) + (2−1) = 2 of 2 + 1 = 3', () => {
    expect(countMuc(gold, predicted)).toEqual(counts(2, 4, 2, 3));
  });

  it('B³: P = 2²/2 + (1² + 2²)/3 + 0 = 11/3 of 7; R = (2² + 1²)/3 + 2²/2 = 11/3 of 5', () => {
    const found = countBCubed(gold, predicted);
    expect(found.precisionHits).toBeCloseTo(11 / 3, 12);
    expect(found.recallHits).toBeCloseTo(11 / 3, 12);
    expect([found.predicted, found.gold]).toEqual([7, 5]);
  });

  it('CEAF-φ4: {1 2}~{1 2 3} = 4/5, {3 4 5}~{4 5} = 4/5: 8/5 of 3 predicted and 2 gold clusters', () => {
    const found = countCeaf(gold, predicted);
    expect(found.precisionHits).toBeCloseTo(8 / 5, 12);
    expect(found.recallHits).toBeCloseTo(8 / 5, 12);
    expect([found.predicted, found.gold]).toEqual([3, 2]);
  });

  it('their mean: F1 = (4/7 + 11/18 + 16/25) / 3', () => {
    // MUC: P 1/2, R 2/3, F 4/7. B³: P 11/21, R 11/15, F = 2·11/(3·12) = 11/18. CEAF: P 8/15, R 4/5, F = 2·(8/5)/5 = 16/25.
    const mean = meanScore([countMuc(gold, predicted), countBCubed(gold, predicted), countCeaf(gold, predicted)]);
    expect(mean.f1).toBeCloseTo((4 / 7 + 11 / 18 + 16 / 25) / 3, 12);
    expect(mean.precision).toBeCloseTo((1 / 2 + 11 / 21 + 8 / 15) / 3, 12);
    expect(mean.recall).toBeCloseTo((2 / 3 + 11 / 15 + 4 / 5) / 3, 12);
  });

  it('leaves predicted clusters of one out of B³ and CEAF, and MUC is blind to them', () => {
    const more = [...predicted, ...clusters([8], [9])];
    expect([countMuc(gold, more), countBCubed(gold, more), countCeaf(gold, more)]).toEqual([
      countMuc(gold, predicted),
      countBCubed(gold, predicted),
      countCeaf(gold, predicted),
    ]);
  });

  it('counts a gold cluster of one against CEAF recall, as the original scorer does', () => {
    expect(countCeaf([...gold, ...clusters([8])], predicted).gold).toBe(3);
    expect(countBCubed([...gold, ...clusters([8])], predicted).gold).toBe(5);
  });

  const partition = fc.uniqueArray(fc.nat(15), { minLength: 2, maxLength: 16 }).chain((tokens) =>
    fc.array(fc.nat(3), { minLength: tokens.length, maxLength: tokens.length }).map((owner) =>
      [0, 1, 2, 3]
        .map((cluster) => tokens.filter((_token, i) => owner[i] === cluster))
        .filter((list) => list.length > 1)
        .map((list) => list.map((token) => at(token))),
    ),
  );

  it.each([
    ['MUC', countMuc],
    ['B³', countBCubed],
    ['CEAF', countCeaf],
  ])('%s: perfect is 1, swapping the sides swaps precision and recall, everything stays within 0 and 1', (_name, count) => {
    fc.assert(
      fc.property(partition, partition, (a, b) => {
        if (a.length > 0) expect(scoreOf(count(a, a)).f1).toBeCloseTo(1, 12);
        const [there, back] = [scoreOf(count(a, b)), scoreOf(count(b, a))];
        expect(there.precision).toBeCloseTo(back.recall, 12);
        expect(there.f1).toBeCloseTo(back.f1, 12);
        for (const value of [there.precision, there.recall]) expect(value >= 0 && value <= 1 + 1e-12).toBe(true);
      }),
    );
  });
});

describe('assignment', () => {
  const best = (gains: readonly (readonly number[])[], row = 0, used: ReadonlySet<number> = new Set()): number => {
    if (row === gains.length) return 0;
    const taken = gains[row]!.map((gain, column) => (used.has(column) ? Number.NEGATIVE_INFINITY : gain + best(gains, row + 1, new Set([...used, column]))));
    // A row may stay alone only when columns run out.
    return Math.max(...taken, gains.length - row > gains[0]!.length - used.size ? best(gains, row + 1, used) : Number.NEGATIVE_INFINITY);
  };

  it('is as good as the best of all assignments', () => {
    const matrix = fc
      .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }))
      .chain(([rows, columns]) =>
        fc.array(fc.array(fc.integer({ min: 0, max: 20 }), { minLength: columns, maxLength: columns }), { minLength: rows, maxLength: rows }),
      );
    fc.assert(
      fc.property(matrix, (gains) => {
        const columns = assign(gains);
        const taken = columns.filter((column) => column >= 0);
        expect(new Set(taken).size).toBe(taken.length);
        expect(taken.length).toBe(Math.min(gains.length, gains[0]!.length));
        expect(columns.reduce((sum, column, row) => sum + (column < 0 ? 0 : gains[row]![column]!), 0)).toBe(best(gains));
      }),
    );
  });

  it('knows the empty cases', () => {
    expect(assign([])).toEqual([]);
    expect(assign([[], []])).toEqual([-1, -1]);
  });
});
