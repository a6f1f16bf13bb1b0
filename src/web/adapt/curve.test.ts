import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { curveCsv, finding, joinCurves, type LossPoint, smoothed } from './curve.ts';

const line = (count: number, loss: (step: number) => number): LossPoint[] => Array.from({ length: count }, (_, i) => ({ step: i + 1, train: loss(i + 1) }));

describe('the curve of a run', () => {
  it('joins what was fetched with what came since, once a step, and keeps held-out losses', () => {
    const fetched = [
      { step: 1, train: 5 },
      { step: 4, train: 4, heldOut: 3.5 },
    ];
    expect(
      joinCurves(fetched, [
        { step: 6, train: 3 },
        { step: 4, train: 4 },
        { step: 5, train: 3.5, heldOut: 3 },
      ]),
    ).toEqual([
      { step: 1, train: 5 },
      { step: 4, train: 4, heldOut: 3.5 },
      { step: 5, train: 3.5, heldOut: 3 },
      { step: 6, train: 3 },
    ]);
  });

  it('smooths to means of what stands around, ends as they are, a straight line to itself', () => {
    expect(
      smoothed(
        line(5, (step) => (step === 3 ? 9 : 0)),
        1,
      ).map(({ train }) => train),
    ).toEqual([0, 3, 3, 3, 0]);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 20 }), (count, around) => {
        const straight = line(count, (step) => 7 - step / 8);
        for (const [i, { train }] of smoothed(straight, around).entries()) expect(train).toBeCloseTo(straight[i]!.train, 9);
      }),
    );
  });

  it('says what it shows, of the held-out loss once there are two', () => {
    expect(finding([])).toBe('No step has been taken yet');
    expect(finding(line(1, () => 2))).toBe('Training loss is 2.00');
    expect(finding(line(3, (step) => 4 - step))).toBe('Training loss went from 3.00 to 1.00');
    const judged = (from: number, to: number) => finding([{ step: 0, train: 9, heldOut: from }, ...line(4, () => 9), { step: 9, train: 9, heldOut: to }]);
    expect([judged(3, 2), judged(2, 3), judged(2, 2.001)]).toEqual([
      'Held-out loss fell from 3.00 to 2.00',
      'Held-out loss rose from 2.00 to 3.00',
      'Held-out loss stays at 2.00',
    ]);
  });

  it('is saved a line a step', () => {
    expect(
      curveCsv([
        { step: 1, train: 2, heldOut: 3 },
        { step: 2, train: 1.5 },
      ]),
    ).toBe('step,training loss,held-out loss\n1,2,3\n2,1.5,\n');
  });
});
