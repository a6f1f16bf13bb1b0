/**
 * The one-to-one assignment of rows to columns with the largest sum: entry `row` is its column, or −1 where there are more rows than columns
 * and this one stayed alone. Kuhn–Munkres with potentials, O(rows² · columns).
 *
 * @param gains [rows][columns], finite
 */
export const assign = (gains: readonly (readonly number[])[]): number[] => {
  const rows = gains.length;
  const columns = gains[0]?.length ?? 0;
  if (columns === 0) return gains.map(() => -1);
  if (rows > columns) {
    const columnToRow = assign(Array.from({ length: columns }, (_, column) => gains.map((row) => row[column]!)));
    const result = gains.map(() => -1);
    columnToRow.forEach((row, column) => {
      result[row] = column;
    });
    return result;
  }
  // Position 0 of rows and columns is the place outside the matrix where an unmatched row waits.
  const rowPotential = new Float64Array(rows + 1);
  const columnPotential = new Float64Array(columns + 1);
  const rowOf = new Int32Array(columns + 1);
  for (let row = 1; row <= rows; row++) {
    rowOf[0] = row;
    let column = 0;
    const slack = new Float64Array(columns + 1).fill(Number.POSITIVE_INFINITY);
    const cameFrom = new Int32Array(columns + 1);
    const done = new Uint8Array(columns + 1);
    do {
      done[column] = 1;
      const current = rowOf[column]!;
      let step = Number.POSITIVE_INFINITY;
      let next = 0;
      for (let j = 1; j <= columns; j++) {
        if (done[j]) continue;
        const reduced = -gains[current - 1]![j - 1]! - rowPotential[current]! - columnPotential[j]!;
        if (reduced < slack[j]!) {
          slack[j] = reduced;
          cameFrom[j] = column;
        }
        if (slack[j]! < step) {
          step = slack[j]!;
          next = j;
        }
      }
      for (let j = 0; j <= columns; j++) {
        if (done[j]) {
          rowPotential[rowOf[j]!]! += step;
          columnPotential[j]! -= step;
        } else slack[j]! -= step;
      }
      column = next;
    } while (rowOf[column] !== 0);
    while (column !== 0) {
      const previous = cameFrom[column]!;
      rowOf[column] = rowOf[previous]!;
      column = previous;
    }
  }
  const result = gains.map(() => -1);
  for (let j = 1; j <= columns; j++) if (rowOf[j]! > 0) result[rowOf[j]! - 1] = j - 1;
  return result;
};
