import { describe, expect, it } from 'vitest';
import { drawPairs } from './pairs.ts';

describe('pairs', () => {
  it('are so many for each layer, of the prompts there are', () => {
    const pairs = drawPairs(7, [1, 2, 5]);
    expect(pairs).toHaveLength(300);
    for (const { source, target } of pairs) for (const place of [source, target]) expect(place >= 0 && place < 7 && Number.isInteger(place)).toBe(true);
    expect(
      Map.groupBy(pairs, ({ layer }) => layer)
        .keys()
        .toArray(),
    ).toEqual([1, 2, 5]);
    expect(drawPairs(7, [3], { count: 4 })).toHaveLength(4);
  });

  it('are the same for a seed, whatever other layers are swept, and others for another seed or layer', () => {
    const of = (layers: readonly number[], layer: number, seed = 1) =>
      drawPairs(100, layers, { seed })
        .filter((pair) => pair.layer === layer)
        .map(({ source, target }) => [source, target]);
    expect(of([1, 2, 3], 3)).toEqual(of([3], 3));
    expect(of([3], 3, 2)).not.toEqual(of([3], 3));
    expect(of([2, 3], 2)).not.toEqual(of([2, 3], 3));
  });

  it('draw every prompt about as often, a prompt now and then with itself', () => {
    const pairs = drawPairs(
      10,
      Array.from({ length: 100 }, (_, i) => i + 1),
    );
    for (const role of ['source', 'target'] as const)
      for (const own of Map.groupBy(pairs, (pair) => pair[role]).values()) expect(Math.abs(own.length - 1000)).toBeLessThan(120);
    expect(Math.abs(pairs.filter(({ source, target }) => source === target).length - 1000)).toBeLessThan(120);
  });
});
