/** Rows of the same width one after another. */
export const joinRows = (rows: readonly Float32Array[]): Float32Array => {
  const width = rows[0]?.length ?? 0;
  const made = new Float32Array(rows.length * width);
  for (const [i, row] of rows.entries()) made.set(row, i * width);
  return made;
};

/** @param width  of a row · @param i  which */
export const rowAt = (rows: Float32Array, width: number, i: number): Float32Array => rows.subarray(i * width, (i + 1) * width);

// Loops: `map` with a function costs several times as much, and there are hundreds of rows a prompt.
export const minus = (a: Float32Array, b: Float32Array): Float32Array => {
  const made = new Float32Array(a.length);
  for (let i = 0; i < made.length; i++) made[i] = a[i]! - b[i]!;
  return made;
};
export const plus = (a: Float32Array, b: Float32Array): Float32Array => {
  const made = new Float32Array(a.length);
  for (let i = 0; i < made.length; i++) made[i] = a[i]! + b[i]!;
  return made;
};

/** Products of every row with every direction, [rows][directions], summed in float64. */
export const products = (rows: Float32Array, directions: Float32Array, width: number): number[][] => {
  const along = Array.from({ length: directions.length / width }, (_, i) => rowAt(directions, width, i));
  return Array.from({ length: rows.length / width }, (_, r) => {
    const row = rowAt(rows, width, r);
    return along.map((direction) => {
      let sum = 0;
      for (let i = 0; i < width; i++) sum += row[i]! * direction[i]!;
      return sum;
    });
  });
};

/** Mixed values [heads*headDim] with one head's taken from others, a head a row; the last row as they are. */
export const headsReplaced = (z: Float32Array, other: Float32Array, heads: number): Float32Array => {
  const width = z.length / heads;
  const made = new Float32Array((heads + 1) * z.length);
  for (let row = 0; row <= heads; row++) made.set(z, row * z.length);
  for (let head = 0; head < heads; head++) made.set(other.subarray(head * width, (head + 1) * width), head * z.length + head * width);
  return made;
};
