import { describe, expect, it } from 'vitest';
import { encodePrompt } from '../inspect/index.ts';
import { openPartsFixture } from '../inspect/testing/open-parts-fixture.ts';
import { openEngine } from '../runtime/index.ts';
import { lastTokenWithout } from './unseen.ts';
import { lastTokenWeighed, readingWeight } from './weighed.ts';

const ids = [1, 5, 9, 2, 7, 3, 8];
const furthest = (a: Float32Array, b: Float32Array): number => Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));

describe.each(['llama', 'gpt2', 'gpt-neox', 'gemma3'])('a last token of %s that reads some tokens less', (name) => {
  it('is what it was with weights of 1, unread with 0, and in between what the pattern multiplied and divided by its sum makes of it', async () => {
    await using engine = await openEngine({ threads: 1 });
    await using opened = await openPartsFixture(engine, name);
    const { parts } = opened;
    const { layers, heads } = parts.config;
    const encoded = await encodePrompt(parts.blocks, ids);
    const plain = await lastTokenWeighed(parts, encoded, []);
    expect(plain).toHaveLength(layers + 1);
    for (const [layer, stream] of plain.entries()) expect(furthest(stream, encoded.last[layer]!)).toBeLessThan(1e-4);
    expect(await lastTokenWeighed(parts, encoded, [{ start: 1, end: 4, weight: 1 }])).toEqual(plain); // bit for bit
    const unread = await lastTokenWithout(parts.blocks, encoded, [{ start: 1, end: 4 }]);
    const hidden = await lastTokenWeighed(parts, encoded, [
      { start: 1, end: 3, weight: 0 },
      { start: 2, end: 4, weight: 0 },
      { start: 2, end: 3, weight: 0.9 }, // the least holds
    ]);
    for (const [layer, stream] of hidden.entries()) expect(furthest(stream, unread[layer]!)).toBeLessThan(1e-4);
    // By the pattern that each block would have, worked on by hand.
    const weights = [1, 0.25, 0.25, 1, 0.6, 1, 1];
    let stream = encoded.last[0]!;
    const found = await lastTokenWeighed(parts, encoded, [
      { start: 1, end: 3, weight: 0.25 },
      { start: 4, end: 5, weight: 0.6 },
    ]);
    for (let block = 0; block < layers; block++) {
      const given = { stream, positions: [ids.length - 1], past: { keys: encoded.keys[block]!, values: encoded.values[block]! } };
      const { pattern } = await parts.block(block, given);
      for (let head = 0; head < heads; head++) {
        const row = pattern.subarray(head * ids.length, (head + 1) * ids.length);
        const left = row.reduce((sum, value, key) => sum + value * weights[key]!, 0);
        row.set(row.map((value, key) => (value * weights[key]!) / left));
      }
      ({ stream } = await parts.block(block, { ...given, pattern }));
      expect(furthest(found[block + 1]!, stream)).toBeLessThan(1e-4);
    }
    // Half way is neither end.
    expect(furthest(found[layers]!, plain[layers]!)).toBeGreaterThan(1e-3);
    expect(furthest(found[layers]!, unread[layers]!)).toBeGreaterThan(1e-3);
    // From a block on: what stands below it is untouched.
    const late = await lastTokenWeighed(parts, encoded, [{ start: 0, end: 3, weight: 0.1 }], { from: layers - 1 });
    expect(late.slice(0, layers)).toEqual(encoded.last.slice(0, layers));
    await expect(lastTokenWeighed(parts, encoded, [{ start: 0, end: 1, weight: 1.5 }])).rejects.toThrow(/expected weights from 0 to 1, got 1\.5/);
  });
});

it('the more a segment is like what steers, the less of it is read', () => {
  expect(readingWeight({ injected: 0, restated: -0.2 })).toBe(1);
  expect(readingWeight({ injected: 1, restated: 0.2 })).toBe(0);
  expect(readingWeight({ injected: 0.2, restated: 0.5 }, { likeness: 0.75 })).toBe(0.25);
  expect(readingWeight({ injected: 0.2, restated: 0.5 }, { sharpness: 3 })).toBe(0.125);
  const weights = [0, 0.3, 0.6, 0.9].map((restated) => readingWeight({ injected: 0.1, restated }, { sharpness: 4 }));
  expect(weights).toEqual(weights.toSorted((a, b) => b - a));
});
