import {
  add,
  addAxes,
  axisLength,
  cast,
  concat,
  constant,
  gather,
  greater,
  greaterOrEqual,
  maximum,
  minimum,
  mul,
  type Node,
  pad,
  slice,
  sub,
  sum,
  unsqueeze,
  where,
} from '../../../core/index.ts';
import { lastLength } from '../../../nn/index.ts';

const levels = 8; // ranges of up to 2^8 − 1 subwords

/**
 * Maximum over the states of the subwords strictly between two spans, element by element; zeros where they touch or cross. A sparse table of range maxima: level k
 * holds the maximum of 2^k neighbours, two look-ups cover any range. Of a range beyond 255 subwords the first and the last 128 count.
 *
 * @param states  [tokens, width]
 * @param left    [pairs] int64 position of the first subword of the range
 * @param right   [pairs] int64 position after its last subword; ≤ left where the range is empty
 * @returns       [pairs, width]
 */
export const between = (states: Node, left: Node, right: Node): Node => {
  const tokens = states.shape[0]!;
  const width = lastLength('between', states);
  const int = (value: number) => constant(value, [], 'int64');
  const table = [states];
  for (let level = 1; level < levels; level++) {
    const below = table[level - 1]!;
    const by = 2 ** (level - 1);
    table.push(maximum(below, slice(pad(below, 0, 0, by), 0, by, addAxes(tokens, by))));
  }
  const length = sub(right, left);
  const thresholds = constant(
    Array.from({ length: levels - 1 }, (_, k) => 2 ** (k + 1)),
    [1, levels - 1],
    'int64',
  );
  const level = cast(sum(cast(greaterOrEqual(unsqueeze(length, 1), thresholds), 'float32'), [1]), 'int64'); // floor(log2(length)), at most levels − 1
  const span = gather(
    constant(
      Array.from({ length: levels }, (_, k) => 2 ** k),
      [levels],
      'int64',
    ),
    level,
  );
  const count = axisLength(tokens, 'int64');
  const within = (position: Node) => minimum(maximum(position, int(0)), sub(count, int(1)));
  const base = mul(level, count);
  const nothing = constant(new Float32Array(width), [1, width]); // the last row, which an empty range finds
  const flat = concat([...table, nothing], 0);
  const none = mul(int(levels), count);
  const at = (position: Node) => where(greater(length, int(0)), add(base, within(position)), none);
  return maximum(gather(flat, at(left)), gather(flat, at(sub(right, span))));
};
