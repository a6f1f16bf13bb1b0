/** Those of some names that are spelt most like one: fewest letters put in, left out or changed; of equals the earlier. Source: V. I. Levenshtein, "Binary codes capable of correcting deletions, insertions, and reversals", 1966. */
export const nearestNames = (name: string, names: Iterable<string>, count: number): string[] =>
  [...names]
    .map((other) => ({ other, distance: editDistance(name, other) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, count)
    .map(({ other }) => other);

const editDistance = (a: string, b: string): number => {
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) row.push(Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + Number(a[i - 1] !== b[j - 1])));
    above = row;
  }
  return above[b.length]!;
};
