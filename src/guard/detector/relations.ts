import { scriptOf } from './cues.ts';

/** How a segment stands to the rest of its document; see `relationsOf`. */
export const relationNames = [
  'alone',
  'segments',
  'toRest',
  'toNearest',
  'toSecond',
  'toPrevious',
  'toNext',
  'toRestBesideOthers',
  'toRestInSpreads',
  'instructed',
  'toInstruction',
  'restToInstruction',
  'copies',
  'copiesShare',
  'first',
  'last',
  'length',
  'lengthBesideRest',
  'otherScript',
] as const;

/** Segments at least this alike count as one said again. */
export const copyCosine = 0.93;

const dot = (a: Float32Array, b: Float32Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};

const add = (sum: Float32Array, vector: Float32Array, times: number): void => {
  for (let i = 0; i < sum.length; i++) sum[i]! += times * vector[i]!;
};

const scaled = (vector: Float32Array): Float32Array => {
  const length = Math.sqrt(dot(vector, vector));
  return length < 1e-9 ? vector : vector.map((value) => value / length);
};

/** Cosines of all pairs, `[segments][segments]`. */
const likenessesOf = (vectors: readonly Float32Array[]): Float32Array[] => {
  const rows = vectors.map(() => new Float32Array(vectors.length));
  for (let i = 0; i < vectors.length; i++) for (let j = 0; j <= i; j++) rows[i]![j] = rows[j]![i] = dot(vectors[i]!, vectors[j]!);
  return rows;
};

/**
 * Relations of every segment of one document, `[segments][relationNames]`. Copies of a segment are not part of its rest, so that saying a thing seven times does not
 * make it belong.
 *
 * @param vectors      of the segments, length 1
 * @param instruction  vector of what the user asked, or undefined
 */
export const relationsOf = (texts: readonly string[], vectors: readonly Float32Array[], instruction: Float32Array | undefined): number[][] => {
  const width = vectors[0]?.length ?? 0;
  const likenesses = likenessesOf(vectors);
  const copies = likenesses.map((row, i) => [...row.keys()].filter((j) => j !== i && row[j]! >= copyCosine));
  const total = new Float32Array(width);
  for (const vector of vectors) add(total, vector, 1);
  const scripts = texts.map(scriptOf);
  const script = mostFrequent(scripts.filter((name) => name !== 'none'));
  const lengths = texts.map((text) => Math.log(text.length));
  const rows = vectors.map((vector, i) => {
    const same = new Set([i, ...copies[i]!]);
    const rest = total.slice();
    for (const j of same) add(rest, vectors[j]!, -1);
    const others = vectors.length - same.size;
    const direction = others > 0 ? scaled(rest) : rest;
    let nearest = 0;
    let second = 0;
    let lengthOfRest = 0;
    for (const [j, likeness] of likenesses[i]!.entries()) {
      if (same.has(j)) continue;
      lengthOfRest += lengths[j]! / others;
      if (likeness > nearest) [nearest, second] = [likeness, nearest];
      else if (likeness > second) second = likeness;
    }
    const beside = (j: number): number => (same.has(j) ? 0 : (likenesses[i]![j] ?? 0));
    return {
      alone: others === 0,
      toRest: others > 0 ? dot(vector, direction) : 0,
      values: [nearest, second, beside(i - 1), beside(i + 1)],
      toInstruction: instruction ? dot(vector, instruction) : 0,
      restToInstruction: instruction && others > 0 ? dot(direction, instruction) : 0,
      lengthBesideRest: others > 0 ? lengths[i]! - lengthOfRest : 0,
    };
  });
  const mean = rows.reduce((sum, row) => sum + row.toRest, 0) / Math.max(1, rows.length);
  const spread = Math.sqrt(rows.reduce((sum, row) => sum + (row.toRest - mean) ** 2, 0) / Math.max(1, rows.length));
  return rows.map((row, i) => [
    row.alone ? 1 : 0,
    Math.log(vectors.length),
    row.toRest,
    ...row.values,
    row.toRest - mean,
    (row.toRest - mean) / (spread + 0.05),
    instruction ? 1 : 0,
    row.toInstruction,
    row.restToInstruction,
    Math.log1p(copies[i]!.length),
    copies[i]!.length / vectors.length,
    i === 0 ? 1 : 0,
    i === vectors.length - 1 ? 1 : 0,
    lengths[i]!,
    row.lengthBesideRest,
    scripts[i] !== 'none' && script !== undefined && scripts[i] !== script ? 1 : 0,
  ]);
};

const mostFrequent = (names: readonly string[]): string | undefined => {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].reduce<[string, number] | undefined>((best, next) => (best && best[1] >= next[1] ? best : next), undefined)?.[0];
};
