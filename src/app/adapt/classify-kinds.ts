import { promptOf, type Sample } from '../../adapt/index.ts';

/** How well samples whose kind is known are told apart without it. */
export interface ClassifiedKinds {
  readonly samples: Sample[];
  /** Samples that were given a kind. */
  readonly given: number;
  /** Share of the samples with a kind whose own is the one they would be given, each judged without itself; in [0, 1]. */
  readonly right: number;
}

const least = 3; // samples of a kind to be learnt from

/**
 * Gives samples without a kind that of the samples they are most like: the kind whose mean vector is nearest to theirs.
 *
 * @param embed  vectors of length 1 of texts
 * @returns      undefined where fewer than two kinds have three samples each, or every sample has one
 */
export const classifyKinds = async (
  samples: readonly Sample[],
  embed: (texts: readonly string[]) => Promise<readonly Float32Array[]>,
): Promise<ClassifiedKinds | undefined> => {
  const known = samples.filter(({ kind }) => kind !== undefined);
  const kinds = [...new Set(known.map(({ kind }) => kind!))].filter((kind) => known.filter((one) => one.kind === kind).length >= least).sort();
  if (kinds.length < 2 || known.length === samples.length) return undefined;
  const vectors = await embed(samples.map(promptOf));
  const [width] = [vectors[0]!.length];
  const sums = new Map(kinds.map((kind) => [kind, new Float64Array(width)]));
  const counts = new Map(kinds.map((kind) => [kind, 0]));
  for (const [i, { kind }] of samples.entries()) {
    const sum = kind === undefined ? undefined : sums.get(kind);
    if (!sum) continue;
    for (let d = 0; d < width; d++) sum[d]! += vectors[i]![d]!;
    counts.set(kind!, counts.get(kind!)! + 1);
  }
  /** The kind whose mean is nearest by angle; `without` leaves a sample of a kind out of its mean. */
  const nearest = (vector: Float32Array, without?: string): string => {
    let [best, likeness] = [kinds[0]!, Number.NEGATIVE_INFINITY];
    for (const kind of kinds) {
      let [product, size] = [0, 0];
      for (let d = 0; d < width; d++) {
        const value = sums.get(kind)![d]! - (kind === without ? vector[d]! : 0);
        product += value * vector[d]!;
        size += value * value;
      }
      const own = size === 0 ? Number.NEGATIVE_INFINITY : product / Math.sqrt(size);
      if (own > likeness) [best, likeness] = [kind, own];
    }
    return best;
  };
  const judged = samples.flatMap(({ kind }, i) => (kind !== undefined && sums.has(kind) ? [nearest(vectors[i]!, kind) === kind] : []));
  return {
    samples: samples.map((sample, i) => (sample.kind === undefined ? { ...sample, kind: nearest(vectors[i]!) } : sample)),
    given: samples.length - known.length,
    right: judged.filter(Boolean).length / judged.length,
  };
};
