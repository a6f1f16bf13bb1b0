import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tensor } from '../core/index.ts';
import { inTheory } from '../nn/edits/testing/tiny-bert.ts';
import { blockSite, capture, causalInputs, replace } from '../nn/index.ts';
import { type Engine, openEngine } from '../runtime/index.ts';
import { logitLens } from './index.ts';
import { type OpenedFixture, openFixture } from './testing/open-fixture.ts';

let engine: Engine;
let model: OpenedFixture;
beforeAll(async () => {
  engine = await openEngine({ threads: 1 });
  model = await openFixture(engine, 'gpt2');
});
afterAll(async () => {
  await model.blockwise[Symbol.asyncDispose]();
  await engine[Symbol.asyncDispose]();
});
const ids = [1, 5, 9, 2, 7];

describe('the logit lens', () => {
  it('puts what stands between two blocks through the last norm and the head', async () => {
    const { member, weights, blockwise } = model;
    const { layers, vocab } = member.config;
    const { logits } = member.build(causalInputs(member.config, { batch: 1, mask: false }));
    const given = new Map(weights).set('ids', tensor([1, ids.length], ids)).set('positions', tensor([1, ids.length], [...ids.keys()]));
    const last = blockSite(layers - 1, 'resid.post');
    const { roots, inputs } = replace([logits], [last]);
    const readings = await logitLens(blockwise, ids, { top: 3 });
    expect(readings.map(({ layer, place }) => [layer, place])).toEqual(Array.from({ length: (layers + 1) * ids.length }, (_, i) => [Math.floor(i / ids.length), i % ids.length])); // biome-ignore format: one call
    for (let layer = 0; layer <= layers; layer++) {
      const site = layer === 0 ? 'embed' : blockSite(layer - 1, 'resid.post');
      const stream = inTheory(capture([logits], [site]), given)[site]!;
      const scores = inTheory({ logits: roots[0]! }, new Map(given).set(inputs.get(last)!, stream))['logits']!.data;
      for (const { place, best } of readings.filter((reading) => reading.layer === layer)) {
        const row = [...scores.slice(place * vocab, (place + 1) * vocab)];
        const whole = Math.log(row.reduce((sum, score) => sum + Math.exp(score), 0));
        const order = [...row.keys()].sort((a, b) => row[b]! - row[a]!);
        for (const [i, { id, logprob }] of best.entries()) {
          expect(id).toBe(order[i]);
          expect(logprob).toBeCloseTo(row[id]! - whole, 4);
        }
      }
    }
  });

  it('refuses places outside the text', async () => {
    await expect(logitLens(model.blockwise, ids, { places: [5] })).rejects.toThrow(/expected places from 0 to 4, got 5/);
    await expect(logitLens(model.blockwise, [])).rejects.toThrow(/expected a text of 1 to \d+ tokens, got 0/);
  });
});
