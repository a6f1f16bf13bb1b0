import { cueNames, cuesOf } from './cues.ts';
import { relationNames, relationsOf } from './relations.ts';

/** What a segment's own vector is sorted into before it is compared with the rest. */
export const kindNames = ['statement', 'request', 'order', 'code'] as const;

/** A linear sorter of vectors: `weight` is [kinds, width], `bias` [kinds]. */
export interface Kinds {
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

/** Names of the features of a segment, in order: what it is, how it stands to the rest, and what the rest and the neighbours are. */
export const featureNames: readonly string[] = [
  ...cueNames,
  ...cueNames.map((name) => `rest.${name}`),
  ...relationNames,
  ...['', 'rest.', 'previous.', 'next.'].flatMap((where) => kindNames.map((name) => `${where}${name}`)),
];

/** Logits of the kinds of one vector, `[kindNames]`. */
export const kindsOf = ({ weight, bias }: Kinds, vector: Float32Array): number[] =>
  Array.from(bias, (start, kind) => {
    let sum = start;
    for (let i = 0; i < vector.length; i++) sum += weight[kind * vector.length + i]! * vector[i]!;
    return sum;
  });

/**
 * Features of all segments of one document, `[segments][featureNames]`.
 *
 * @param vectors      of the segments, length 1
 * @param instruction  vector of what the user asked, or undefined
 * @param sort         logits of the kinds of the i-th segment
 */
export const featuresOf = (
  texts: readonly string[],
  vectors: readonly Float32Array[],
  instruction: Float32Array | undefined,
  sort: (vector: Float32Array, i: number) => readonly number[],
): Float32Array[] => {
  const cues = texts.map(cuesOf);
  const kinds = vectors.map(sort);
  const relations = relationsOf(texts, vectors, instruction);
  const restOf = meansOfOthers(cues);
  const restKinds = meansOfOthers(kinds);
  const none = kindNames.map(() => 0);
  return texts.map((_, i) =>
    Float32Array.from([...cues[i]!, ...restOf[i]!, ...relations[i]!, ...kinds[i]!, ...restKinds[i]!, ...(kinds[i - 1] ?? none), ...(kinds[i + 1] ?? none)]),
  );
};

const meansOfOthers = (rows: readonly (readonly number[])[]): number[][] => {
  const sums = (rows[0] ?? []).map((_, column) => rows.reduce((sum, row) => sum + row[column]!, 0));
  return rows.map((row) => row.map((value, column) => (rows.length > 1 ? (sums[column]! - value) / (rows.length - 1) : 0)));
};
