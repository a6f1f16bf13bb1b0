import type { TensorData } from '../../runtime/index.ts';
import { type Grid, int64, spanOf, type tilesOf } from './grid.ts';
import { distanceBuckets, reach } from './network/relation-scores.ts';
import { tileSize } from './network/tiles.ts';

/**
 * What lies between the spans of the pairs, each gap once: nothing and a distance for most.
 *
 * @param beams  cells of every sentence's beam
 * @param tiles  over those beams
 */
export const gapFeeds = (
  { feeds, sentences, widths }: Pick<Grid, 'feeds' | 'sentences' | 'widths'>,
  beams: readonly (readonly number[])[],
  tiles: ReturnType<typeof tilesOf>,
): Record<'gapLeft' | 'gapRight' | 'gapDistance' | 'relationGaps', TensorData> => {
  const [firstTokens, lastTokens] = [feeds.wordFirst.data, feeds.wordLast.data];
  const [left, right, distances]: [number[], number[], number[]] = [[], [], []];
  const gap = (from: number, to: number, distance: number): number => {
    left.push(from);
    right.push(to);
    return distances.push(distance) - 1;
  };
  const empty = Array.from({ length: distanceBuckets }, (_, bucket) => gap(0, 0, bucket - reach));
  const which = new Int32Array(tiles.count * tileSize * tileSize);
  for (const [beam, own] of beams.entries()) {
    const { start, end } = sentences[beam]!;
    const known = new Map<number, number>();
    const spans = own.map((cell) => spanOf(cell, widths));
    for (let subject = 0; subject < spans.length; subject++)
      for (let object = 0; object < spans.length; object++) {
        if (object === subject) continue;
        const [a, b] = [spans[subject]!, spans[object]!];
        const before = Math.min(a.last, b.last);
        const after = Math.max(a.first, b.first);
        const bucket = Math.max(-reach, Math.min(reach, b.first - a.first)) + reach;
        const at = tiles.place(beam, subject, object);
        if (after - before < 2) {
          which[at] = empty[bucket]!;
          continue;
        }
        const key = ((before - start) * (end - start) + after - start) * distanceBuckets + bucket;
        const same = known.get(key) ?? gap(Number(lastTokens[before]!) + 1, Number(firstTokens[after]!), bucket - reach);
        known.set(key, same);
        which[at] = same;
      }
  }
  return {
    gapLeft: int64([left.length], left),
    gapRight: int64([left.length], right),
    gapDistance: int64([left.length], distances),
    relationGaps: int64([tiles.count, tileSize, tileSize], which),
  };
};
