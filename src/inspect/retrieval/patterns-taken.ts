/**
 * Attention rows with the weights at some places taken from other rows, then made to sum to one again, a head each.
 *
 * @param own    [heads * length] · @param other  [heads * its length], the same tokens at these places
 */
export const patternsTaken = (own: Float32Array, other: Float32Array, heads: number, places: readonly number[]): Float32Array => {
  const made = own.slice();
  const [length, otherLength] = [own.length / heads, other.length / heads];
  for (let head = 0; head < heads; head++) {
    const row = made.subarray(head * length, (head + 1) * length);
    for (const place of places) row[place] = other[head * otherLength + place]!;
    const sum = row.reduce((total, weight) => total + weight, 0);
    if (sum > 0) for (let i = 0; i < length; i++) row[i]! /= sum;
  }
  return made;
};
