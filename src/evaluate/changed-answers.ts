import type { MeasuredItem } from './measured-item.ts';
import { meanOf } from './measured-item.ts';
import { type PairedInterval, pairedBootstrap, type ResampleOptions } from './resample.ts';

/** One item before and after. */
export interface ChangedItem {
  readonly before: MeasuredItem;
  readonly after: MeasuredItem;
}

export interface ChangedAnswers {
  /** Was right, now wrong. */
  readonly lost: readonly ChangedItem[];
  /** Was wrong, now right. */
  readonly gained: readonly ChangedItem[];
  /** Items that stayed right, and wrong. */
  readonly stillRight: number;
  readonly stillWrong: number;
  /** Share right after less share right before, with its paired 95 % bootstrap interval over items. */
  readonly difference: PairedInterval;
  /** Two-sided exact sign test of lost against gained (McNemar's). */
  readonly pValue: number;
}

/**
 * Which items changed from right to wrong and back.
 *
 * @param measure  a figure that is 1 where an item is right and 0 where it is wrong, such as `accuracy`
 * @throws RangeError where the two do not hold the same items, or the figure is another
 */
export const changedAnswers = (
  before: readonly MeasuredItem[],
  after: readonly MeasuredItem[],
  measure: string,
  options: ResampleOptions = {},
): ChangedAnswers => {
  const byId = new Map(after.map((item) => [item.id, item]));
  const pairs = before.map((item): ChangedItem => {
    const now = byId.get(item.id);
    if (!now) throw new RangeError(`changed answers: expected every item twice, got ${item.id} before only; measure both on the same file`);
    return { before: item, after: now };
  });
  if (after.length !== before.length || byId.size !== before.length)
    throw new RangeError(`changed answers: expected the same items, got ${before.length} before and ${after.length} after; measure both on the same file`);
  const right = ({ id, values }: MeasuredItem): boolean => {
    const value = values[measure];
    if (value !== 0 && value !== 1) throw new RangeError(`changed answers: expected ${measure} to be 0 or 1, got ${value} for ${id}`);
    return value === 1;
  };
  const which = (was: boolean, is: boolean) => pairs.filter((pair) => right(pair.before) === was && right(pair.after) === is);
  const [lost, gained] = [which(true, false), which(false, true)];
  return {
    lost,
    gained,
    stillRight: which(true, true).length,
    stillWrong: which(false, false).length,
    difference: pairedBootstrap(
      pairs.map((pair) => pair.after),
      pairs.map((pair) => pair.before),
      meanOf(measure),
      options,
    ),
    pValue: signTest(lost.length, gained.length),
  };
};

/** How often a fair coin falls at least as unevenly. */
const signTest = (a: number, b: number): number => {
  const n = a + b;
  let tail = 0;
  let logTerm = -n * Math.LN2;
  for (let k = 0; k <= Math.min(a, b); k++) {
    tail += Math.exp(logTerm);
    logTerm += Math.log(n - k) - Math.log(k + 1);
  }
  return Math.min(1, 2 * tail);
};
