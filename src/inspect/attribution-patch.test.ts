import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { input, mul, type Node, NotFoundError, sum, type Tensor, tensor } from '../core/index.ts';
import { causalFixture } from '../models/testing/causal-fixture.ts';
import { inPractice, inTheory, largestDifference, numbers } from '../nn/edits/testing/tiny-bert.ts';
import { capture, causalInputs, editFeeds, patch } from '../nn/index.ts';
import { type Engine, openEngine } from '../runtime/index.ts';
import { attributionPatch } from './index.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ threads: 1 });
});
afterAll(() => engine[Symbol.asyncDispose]());

describe.each(['gpt2', 'gpt-neox', 'llama', 'gemma3'])('attribution patching in %s', (name) => {
  const [target, source] = [
    [1, 5, 9, 2, 7, 30],
    [8, 5, 3, 31, 7, 2],
  ] as const;
  const seq = target.length;
  const sites = 'attn.q attn.k attn.v attn.scores attn.pattern attn.z attn.headOut attn.out mlp.act mlp.down resid.pre resid.post'.split(' ').map((site) => `blocks.0.${site}`).concat('final'); // biome-ignore format: one chain
  let logits: Node;
  let metric: Node;
  let heads: Record<string, number>;
  let given: Map<string, Tensor>;
  beforeAll(async () => {
    const { member, weights } = await causalFixture(name);
    const { vocab, heads: queries, kvHeads: keys } = member.config;
    logits = member.build(causalInputs(member.config, { mask: false })).logits;
    // One logit less another, after the last token.
    metric = sum(mul(logits, input('direction', ['seq', vocab])), [1, 2]);
    const direction = new Float64Array(seq * vocab);
    direction[(seq - 1) * vocab + 4] = 1;
    direction[(seq - 1) * vocab + 17] = -1;
    given = new Map(weights).set('direction', tensor([seq, vocab], direction)).set('positions', tensor([1, seq], [...target.keys()]));
    heads = { 'attn.q': queries, 'attn.z': queries, 'attn.headOut': queries, 'attn.scores': queries, 'attn.pattern': queries, 'attn.k': keys, 'attn.v': keys };
  });
  const reading = (ids: readonly number[]) => new Map(given).set('ids', tensor([1, seq], ids));
  /** The metric of the target with one place of a site (of one head) patched, exactly. */
  const exact = (site: string, values: Tensor, position: number, head: number | undefined): number => {
    const { roots, edits } = patch([metric], { site, positions: [position], ...(head !== undefined && { heads: [head] }), values });
    const { name: key } = edits[0]!;
    const feeds = editFeeds(edits, { batch: 1, seq });
    const all = reading(target)
      .set(key, values)
      .set(`${key}.where`, tensor(feeds[`${key}.where`]!.shape, feeds[`${key}.where`]!.data));
    return inTheory({ metric: roots[0]! }, all)['metric']!.data[0]!;
  };
  const moved = ({ shape, data }: Tensor, by: number): Tensor => tensor(shape, data.map((value, i) => value + by * Math.sin(3 * i + 1))); // biome-ignore format: one value

  it('is the exact patch for small steps: finite differences, place by place and head by head', () => {
    const { effects, inputs } = attributionPatch(metric, sites);
    const values = inTheory(capture([metric], sites), reading(target));
    const h = 1e-4;
    const feeds = reading(target);
    for (const site of sites) feeds.set(inputs.get(site)!, moved(values[site]!, h));
    const found = inTheory(effects, feeds);
    let told = 0;
    for (const site of sites) {
      const count = heads[site.replace('blocks.0.', '')];
      expect(found[site]!.shape, site).toEqual(count === undefined ? [1, seq] : [1, count, seq]);
      for (const [position, head] of [
        [seq - 1, 0],
        [2, (count ?? 1) - 1],
      ] as const) {
        const of = count === undefined ? undefined : head;
        const difference = (exact(site, moved(values[site]!, h), position, of) - exact(site, moved(values[site]!, -h), position, of)) / 2;
        const estimate = found[site]!.data[(of ?? 0) * seq + position]!;
        expect(Math.abs(estimate - difference), `${site} ${position}`).toBeLessThan(1e-6 * Math.abs(difference) + 1e-10);
        told += Number(Math.abs(difference) > 1e-7);
      }
    }
    expect(told).toBeGreaterThan(sites.length);
  });

  it('is exact at any distance where the rest is linear; elsewhere its error is of second order', () => {
    const { effects, inputs } = attributionPatch(metric, ['final', 'blocks.1.mlp.down']);
    const [here, there] = [target, source].map((ids) => inTheory({ metric, ...capture([metric], [...inputs.keys()]) }, reading(ids))) as [Record<string, Tensor>, Record<string, Tensor>]; // biome-ignore format: one chain
    const towards = (share: number, site: string): Tensor =>
      tensor(here[site]!.shape, here[site]!.data.map((value, i) => value + share * (there[site]!.data[i]! - value))); // biome-ignore format: one value
    const estimate = (share: number): Record<string, Tensor> =>
      inTheory(effects, new Map([...reading(target), ...[...inputs].map(([site, key]): [string, Tensor] => [key, towards(share, site)])]));
    const plain = here['metric']!.data[0]!;
    const whole = estimate(1);
    expect(whole['final']!.data[seq - 1]).toBeCloseTo(there['metric']!.data[0]! - plain, 9);
    expect([...whole['final']!.data.slice(0, -1)].every((effect) => effect === 0)).toBe(true);
    // Half the way, about a quarter of the error.
    const error = (share: number): number => estimate(share)['blocks.1.mlp.down']!.data[seq - 1]! - (exact('blocks.1.mlp.down', towards(share, 'blocks.1.mlp.down'), seq - 1, undefined) - plain); // biome-ignore format: one value
    expect(Math.abs(error(0.01))).toBeGreaterThan(0);
    expect(error(0.01) / error(0.005)).toBeGreaterThan(3.5);
    expect(error(0.01) / error(0.005)).toBeLessThan(4.5);
  });

  it('is the same by onnxruntime', async () => {
    const { effects, inputs } = attributionPatch(metric, sites);
    const there = inTheory(capture([metric], sites), reading(source));
    const feeds = new Map([...reading(target), ...[...inputs].map(([site, key]): [string, Tensor] => [key, there[site]!])]);
    const [practice, theory] = [await inPractice(engine, effects, feeds), inTheory(effects, feeds)];
    for (const site of sites) {
      const most = Math.max(...theory[site]!.data.map(Math.abs));
      expect(most, site).toBeGreaterThan(1e-4);
      expect(largestDifference(numbers(practice[site]!), theory[site]!.data), site).toBeLessThan(1e-5 * (1 + most));
    }
  });
});

it('a metric that does not depend on a site says so', () => {
  const metric = sum(mul(input('x', ['batch', 'seq', 4]), 2), [1, 2]);
  expect(() => attributionPatch(metric, ['blocks.0.attn.z'])).toThrow(NotFoundError);
});
