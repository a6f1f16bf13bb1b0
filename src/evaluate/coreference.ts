import { type Span, spanKey } from './annotations.ts';
import { assign } from './assignment.ts';
import { type Counts, type Score, scoreOf } from './counts.ts';

type Clusters = readonly (readonly Span[])[];
interface KeyedCluster {
  readonly mentions: readonly string[];
}

const keyed = (clusters: Clusters): KeyedCluster[] => clusters.map((cluster) => ({ mentions: [...new Set(cluster.map(spanKey))] }));
const clusterOf = (clusters: readonly KeyedCluster[]) => new Map(clusters.flatMap((cluster) => cluster.mentions.map((mention) => [mention, cluster] as const)));
const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

// Overlap sizes of one cluster with the clusters of the other side.
const piecesOf = (cluster: KeyedCluster, other: ReadonlyMap<string, KeyedCluster>) => {
  const sizes = new Map<KeyedCluster, number>();
  for (const mention of cluster.mentions) {
    const its = other.get(mention);
    if (its) sizes.set(its, (sizes.get(its) ?? 0) + 1);
  }
  const alone = cluster.mentions.length - sum([...sizes.values()]);
  return { sizes, alone };
};

const mucSide = (clusters: readonly KeyedCluster[], other: ReadonlyMap<string, KeyedCluster>): [number, number] => [
  sum(
    clusters.map((cluster) => {
      const { sizes, alone } = piecesOf(cluster, other);
      return cluster.mentions.length - sizes.size - alone;
    }),
  ),
  sum(clusters.map((cluster) => cluster.mentions.length - 1)),
];

const bCubedSide = (clusters: readonly KeyedCluster[], other: ReadonlyMap<string, KeyedCluster>): [number, number] => {
  const several = clusters.filter((cluster) => cluster.mentions.length > 1);
  const hits = several.map((cluster) => {
    const { sizes } = piecesOf(cluster, other);
    return sum([...sizes].map(([its, size]) => (its.mentions.length > 1 ? size * size : 0))) / cluster.mentions.length;
  });
  return [sum(hits), sum(several.map((cluster) => cluster.mentions.length))];
};

const bySides =
  (side: typeof mucSide) =>
  (gold: Clusters, predicted: Clusters): Counts => {
    const [g, p] = [keyed(gold), keyed(predicted)];
    const [precisionHits, predictedTotal] = side(p, clusterOf(g));
    const [recallHits, goldTotal] = side(g, clusterOf(p));
    return { precisionHits, predicted: predictedTotal, recallHits, gold: goldTotal };
  };

/** MUC: links kept when the other side cuts a cluster into pieces. */
export const countMuc = bySides(mucSide);

/** B³: per mention, the share of its cluster that the other side agrees on. Clusters of one mention are left out. */
export const countBCubed = bySides(bCubedSide);

/** CEAF-φ4: similarity 2|a ∩ b| / (|a| + |b|) under the best one-to-one assignment of clusters. Predicted clusters of one mention are left out. */
export const countCeaf = (gold: Clusters, predicted: Clusters): Counts => {
  const g = keyed(gold);
  const p = keyed(predicted).filter((cluster) => cluster.mentions.length > 1);
  const goldOf = clusterOf(g);
  const gains = p.map((cluster) => {
    const { sizes } = piecesOf(cluster, goldOf);
    return g.map((its) => (2 * (sizes.get(its) ?? 0)) / (cluster.mentions.length + its.mentions.length));
  });
  const similarity = sum(assign(gains).map((column, row) => (column < 0 ? 0 : gains[row]![column]!)));
  return { precisionHits: similarity, predicted: p.length, recallHits: similarity, gold: g.length };
};

/** The figure that papers call coreference F1: the mean over MUC, B³ and CEAF-φ4 of each of precision, recall and F1. */
export const meanScore = (counts: readonly Counts[]): Score => {
  const scores = counts.map(scoreOf);
  const mean = (name: keyof Score) => sum(scores.map((score) => score[name])) / scores.length;
  return { precision: mean('precision'), recall: mean('recall'), f1: mean('f1') };
};
