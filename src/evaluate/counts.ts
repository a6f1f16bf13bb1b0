/**
 * What precision and recall are made of. Counts of documents add up, so a corpus score is the score of the sum (micro average),
 * and resampling documents is resampling counts.
 */
export interface Counts {
  readonly precisionHits: number;
  readonly predicted: number;
  readonly recallHits: number;
  readonly gold: number;
}

/** All three between 0 and 1; 0 where nothing was predicted, or nothing was to be found. */
export interface Score {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

export const noCounts: Counts = { precisionHits: 0, predicted: 0, recallHits: 0, gold: 0 };

export const addCounts = (a: Counts, b: Counts): Counts => ({
  precisionHits: a.precisionHits + b.precisionHits,
  predicted: a.predicted + b.predicted,
  recallHits: a.recallHits + b.recallHits,
  gold: a.gold + b.gold,
});

const ratio = (numerator: number, denominator: number) => (denominator === 0 ? 0 : numerator / denominator);

/** Precision, recall and their harmonic mean. */
export const scoreOf = (counts: Counts): Score => {
  const precision = ratio(counts.precisionHits, counts.predicted);
  const recall = ratio(counts.recallHits, counts.gold);
  return { precision, recall, f1: ratio(2 * precision * recall, precision + recall) };
};

/** Counts of two sets of keys: a hit is a key in both. */
export const countKeys = (gold: ReadonlySet<string>, predicted: ReadonlySet<string>): Counts => {
  let hits = 0;
  for (const key of predicted) if (gold.has(key)) hits++;
  return { precisionHits: hits, predicted: predicted.size, recallHits: hits, gold: gold.size };
};
