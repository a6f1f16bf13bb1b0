import { uniformAt } from '../../generate/index.ts';

/** Draws one after another; the same seed draws the same on every machine. */
export interface Draw {
  /** A whole number from 0 up to `below`. */
  index(below: number): number;
  /** One of the items, each as likely. */
  pick<T>(items: readonly T[]): T;
  /** The items in a drawn order. */
  shuffle<T>(items: readonly T[]): T[];
}

/** @param from  place of the first draw among all of the seed */
export const openDraw = (seed: number, from = 0): Draw => {
  let position = from;
  const index = (below: number): number => Math.floor(uniformAt(seed, position++) * below);
  return {
    index,
    pick: (items) => items[index(items.length)]!,
    shuffle: (items) => {
      const order = [...items];
      for (let last = order.length - 1; last > 0; last--) {
        const other = index(last + 1);
        [order[last], order[other]] = [order[other]!, order[last]!];
      }
      return order;
    },
  };
};
