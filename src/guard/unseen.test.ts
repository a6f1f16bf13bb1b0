import { describe, expect, it } from 'vitest';
import { encodePrompt } from '../inspect/index.ts';
import { openFixture } from '../inspect/testing/open-fixture.ts';
import { openEngine } from '../runtime/index.ts';
import { lastTokenWithout } from './unseen.ts';

const ids = [1, 5, 9, 2, 7, 3, 8];

describe.each(['llama', 'gpt2', 'gpt-neox'])('a last token of %s that does not read some tokens', (name) => {
  it('is what it was where nothing is hidden, and reads beginnings as if they were all there is', async () => {
    await using engine = await openEngine({ threads: 1 });
    const { blockwise } = await openFixture(engine, name);
    await using _ = blockwise;
    const { layers, hidden } = blockwise.config;
    const encoded = await encodePrompt(blockwise, ids);
    const close = (a: Float32Array, b: Float32Array): void => {
      for (const [i, value] of a.entries()) expect(value).toBeCloseTo(b[i]!, 4);
    };
    for (const [layer, stream] of (await lastTokenWithout(blockwise, encoded, [])).entries()) close(stream, encoded.last[layer]!);
    for (const first of [0, 1, 4]) {
      const found = await lastTokenWithout(blockwise, encoded, [{ start: first, end: ids.length - 1 }]);
      expect(found).toHaveLength(layers + 1);
      // The same tokens at the same places, with nothing in between.
      const positions = [...Array(first).keys(), ids.length - 1];
      let stream = await blockwise.embed(positions.map((place) => ids[place]!), positions); // biome-ignore format: one call
      for (let block = 0; block < layers; block++) {
        ({ stream } = await blockwise.block(block, { stream, positions }));
        close(found[block + 1]!, stream.slice(first * hidden));
      }
    }
    // From a block on: what stands below it is untouched, what stands above is not.
    const late = await lastTokenWithout(blockwise, encoded, [{ start: 0, end: 3 }], { from: layers - 1 });
    for (let layer = 0; layer < layers; layer++) expect(late[layer]).toEqual(encoded.last[layer]);
    expect(Math.max(...late[layers]!.map((value, i) => Math.abs(value - encoded.last[layers]![i]!)))).toBeGreaterThan(1e-3);
  });
});
