import { cast, gather, type Node, parameter } from '../core/index.ts';

/**
 * Rows of the table `NAME.weight` [rows, width].
 *
 * @param indices  int64 of any shape, each in [0, rows)
 * @param dtype    how the table is stored; rows of a float16 table are widened after the look-up, so the table itself is never expanded
 * @returns        [...indices, width] float32
 */
export const embedding = (
  name: string,
  indices: Node,
  { rows, width, dtype = 'float32' }: { rows: number; width: number; dtype?: 'float32' | 'float16' },
): Node => {
  const found = gather(parameter(`${name}.weight`, [rows, width], dtype), indices);
  return dtype === 'float32' ? found : cast(found, 'float32');
};
