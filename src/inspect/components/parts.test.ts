import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tensor } from '../../core/index.ts';
import { inTheory } from '../../nn/edits/testing/tiny-bert.ts';
import { causalInputs, sitesIn } from '../../nn/index.ts';
import { type Engine, openEngine } from '../../runtime/index.ts';
import { families, type OpenedParts, openPartsFixture } from '../testing/open-parts-fixture.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ threads: 1 });
});
afterAll(() => engine[Symbol.asyncDispose]());
const ids = [1, 5, 9, 2, 7, 7, 3, 6, 2, 8, 1, 4];

describe.each(families)('the parts of %s', (name) => {
  let opened: OpenedParts;
  beforeAll(async () => {
    opened = await openPartsFixture(engine, name);
  });
  afterAll(() => opened[Symbol.asyncDispose]());

  it('are what the whole graph computes in float64, sum to the stream, and pass through the last norm in shares', async () => {
    const { parts, member, weights } = opened;
    const { layers, hidden, heads, headDim } = parts.config;
    const { logits } = member.build(causalInputs(member.config, { batch: 1, mask: false }));
    const sites = Object.fromEntries(sitesIn([logits]));
    const given = new Map(weights).set('ids', tensor([1, ids.length], ids)).set('positions', tensor([1, ids.length], [...ids.keys()]));
    const expected = inTheory(sites, given);
    const positions = [...ids.keys()];
    const close = (got: ArrayLike<number>, site: string): void => {
      const { data } = expected[site]!;
      expect(got.length).toBe(data.length);
      for (const [i, value] of data.entries()) expect(got[i], site).toBeCloseTo(value, 4);
    };
    let stream = await parts.blocks.embed(ids, positions);
    for (let block = 0; block < layers; block++) {
      const at = (site: string): string => `blocks.${block}.${site}`;
      const made = await parts.block(block, { stream, positions });
      close(made.pattern, at('attn.pattern'));
      close(made.z, at('attn.z'));
      close(made.attention, expected[at('attn.add')] ? at('attn.add') : at('attn.out'));
      close(made.stream, at('resid.post'));
      for (const [i, value] of made.stream.entries()) expect(stream[i]! + made.attention[i]! + made.mlp[i]!).toBeCloseTo(value, 5);
      close(await parts.added(block, made.z), expected[at('attn.add')] ? at('attn.add') : at('attn.out'));
      // Each head by itself, at the last token: shares sum to the whole once the bias, which each carries, is taken off.
      const whole = made.z.slice(-heads * headDim);
      const rows = new Float32Array((heads + 1) * heads * headDim);
      for (let head = 0; head < heads; head++) rows.set(whole.subarray(head * headDim, (head + 1) * headDim), head * heads * headDim + head * headDim);
      const shares = await parts.shares(block, rows, whole);
      const bias = shares.subarray(heads * hidden);
      for (let i = 0; i < hidden; i++) {
        let sum = bias[i]!;
        for (let head = 0; head < heads; head++) sum += shares[head * hidden + i]! - bias[i]!;
        expect(sum).toBeCloseTo(made.attention[made.attention.length - hidden + i]!, 5);
      }
      stream = made.stream;
    }
    const final = await parts.final(stream);
    close(final, 'final');
    const [half, whole] = [stream.slice(-hidden).map((value, i) => (i % 3 === 0 ? value : 0.25 * value)), stream.slice(-hidden)];
    const both = new Float32Array([...half, ...whole.map((value, i) => value - half[i]!), ...whole]);
    const shares = await parts.finalShares(both, whole);
    for (let i = 0; i < hidden; i++) expect(shares[i]! + shares[hidden + i]!).toBeCloseTo(shares[2 * hidden + i]!, 5);
    const directions = await parts.directions([3, 8]);
    for (const [row, token] of [3, 8].entries()) {
      let logit = 0;
      for (let i = 0; i < hidden; i++) logit += directions[row * hidden + i]! * final[(ids.length - 1) * hidden + i]!;
      expect(logit).toBeCloseTo(expected['logits']!.data[(ids.length - 1) * parts.config.vocab + token]!, 4);
    }
  });
});
