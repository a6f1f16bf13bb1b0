import { describe, expect, it } from 'vitest';
import { uniformAt } from '../generate/random.ts';
import { encodePrompt, sweep } from '../inspect/index.ts';
import { openFixture } from '../inspect/testing/open-fixture.ts';
import { openEngine } from '../runtime/index.ts';
import { type HeldAt, lastTokenHeld } from './held.ts';
import { movedPartly, movedWholly, movedWithin } from './request-move.ts';

const ids = [1, 5, 9, 2, 7, 3, 8, 4, 4, 2, 6, 9, 1, 7, 5, 3, 2, 8];

describe.each(['llama', 'gpt2', 'gpt-neox', 'gemma3'])('a last token of %s that is moved after some blocks', (name) => {
  it('is what it was for moves that change nothing, what a sweep says for a whole vector, and what blocks taken one by one make of it', async () => {
    await using engine = await openEngine({ threads: 1 });
    const { blockwise } = await openFixture(engine, name);
    await using _ = blockwise;
    const { layers, hidden } = blockwise.config;
    const encoded = await encodePrompt(blockwise, ids);
    const close = (a: Float32Array, b: Float32Array): void => {
      for (const [i, value] of a.entries()) expect(value).toBeCloseTo(b[i]!, 4);
    };
    const vector = (seed: number): Float32Array => Float32Array.from({ length: hidden }, (_, i) => 2 * uniformAt(seed, i) - 1);
    const [first, second] = [vector(1), vector(2)];
    const direction = first.map((value, _, all) => value / Math.hypot(...all));
    const all = Array.from({ length: layers }, (_, i) => i + 1);
    const still: HeldAt[] = all.map((layer) => ({ layer, move: movedWithin([direction], encoded.last[layer]!) }));
    const part: HeldAt[] = all.map((layer) => ({ layer, move: movedPartly(0.5, movedWithin([direction], layer === 1 ? first : second)) }));
    const variants: HeldAt[][] = [
      [],
      still,
      ...all.map((layer) => [{ layer, move: movedWholly(first) }]),
      // The whole vector at the last block, and something else before: nothing of that is left.
      [
        { layer: 1, move: movedWholly(second) },
        { layer: layers, move: movedWholly(first) },
      ],
      part,
    ];
    const found = await lastTokenHeld(blockwise, encoded, variants);
    close(found[0]!, encoded.last[layers]!);
    close(found[1]!, encoded.last[layers]!);
    const wanted = [[3, 5, 7]];
    const { patched } = await sweep(blockwise, [ids], all.map((layer) => ({ source: first, target: 0, layer, wanted: wanted[0]! }))); // biome-ignore format: one call
    for (const layer of all) {
      const [scores] = (await blockwise.score(found[1 + layer]!, wanted, 1)).logprobs;
      for (const [i, value] of scores!.entries()) expect(value).toBeCloseTo(patched[layer - 1]!.logprobs[i]!, 4);
    }
    expect(found[2 + layers]).toEqual(first);
    // By the whole text, one block after another, with nothing cached.
    const positions = [...ids.keys()];
    let stream = await blockwise.embed(ids, positions);
    for (const layer of all) {
      stream = (await blockwise.block(layer - 1, { stream, positions })).stream.slice();
      const last = stream.subarray((ids.length - 1) * hidden);
      last.set(part[layer - 1]!.move(last.slice()));
    }
    close(found[3 + layers]!, stream.slice((ids.length - 1) * hidden));
    expect(Math.max(...found[3 + layers]!.map((value, i) => Math.abs(value - encoded.last[layers]![i]!)))).toBeGreaterThan(1e-3);
  });
});
