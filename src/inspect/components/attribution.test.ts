import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Tensor, tensor } from '../../core/index.ts';
import { inTheory } from '../../nn/edits/testing/tiny-bert.ts';
import { causalInputs, editFeeds, patch, sitesIn } from '../../nn/index.ts';
import { type Engine, openEngine } from '../../runtime/index.ts';
import { encodePrompt } from '../encode-prompt.ts';
import { families, type OpenedParts, openPartsFixture } from '../testing/open-parts-fixture.ts';
import { attributeLogits, componentDifferences, directEffects } from './attribution.ts';
import { type Component, componentName } from './component.ts';
import { type PathPatched, pathPatch } from './path-patch.ts';
import { readLast } from './read-last.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ threads: 1 });
});
afterAll(() => engine[Symbol.asyncDispose]());
const [ids, other] = [[1, 5, 9, 2, 7, 7, 3], [4, 8, 1, 1, 6, 2, 9]]; // biome-ignore format: two texts
const tokens = [3, 8];

/** The whole graph in float64: what it holds at every site of a text, and what comes of other values at some of them. */
const wholeGraph = ({ member, weights }: OpenedParts) => {
  const { logits } = member.build(causalInputs(member.config, { batch: 1, mask: false }));
  const sites = sitesIn([logits]);
  const fed = (text: readonly number[]): Map<string, Tensor> =>
    new Map(weights).set('ids', tensor([1, text.length], text)).set('positions', tensor([1, text.length], [...text.keys()]));
  const read = (text: readonly number[]): Record<string, Tensor> => inTheory(Object.fromEntries(sites), fed(text));
  /** @param values  by site; each is put at all places */
  const patched = (text: readonly number[], values: Readonly<Record<string, Tensor>>): Record<string, Tensor> => {
    const { roots, edits } = patch([logits], Object.keys(values));
    const given = fed(text);
    for (const [name, { shape, data }] of Object.entries(editFeeds(edits, { seq: text.length }, Object.values(values).map((value) => ({ values: value }))))) given.set(name, tensor(shape, data)); // biome-ignore format: one chain
    // In float64, as everything else here.
    for (const [i, { name }] of edits.entries()) given.set(name, Object.values(values)[i]!);
    return inTheory(Object.fromEntries(sitesIn(roots)), given);
  };
  return { read, patched, adds: (layer: number, part: 'attn' | 'mlp') => (sites.has(`blocks.${layer}.${part}.add`) ? `blocks.${layer}.${part}.add` : `blocks.${layer}.${part === 'attn' ? 'attn.out' : 'mlp.down'}`) }; // biome-ignore format: one value
};

/** Path patching over the whole graph: twice, with everything that is to stay put at its values. */
const bruteForce = (opened: OpenedParts, sender: Component, receiver: Component | 'logits', places: readonly number[]): number[] => {
  const { layers, heads, vocab } = opened.parts.config;
  const graph = wholeGraph(opened);
  const [own, theirs] = [graph.read(ids), graph.read(other)];
  /** A head's columns (or all) taken from another tensor at some places. */
  const mixed = (a: Tensor, b: Tensor, head?: number, at = places): Tensor => {
    const width = a.data.length / ids.length;
    const [from, count] = head === undefined ? [0, width] : [(head * width) / heads, width / heads];
    const data = Float64Array.from(a.data);
    for (const place of at) for (let i = from; i < from + count; i++) data[place * width + i] = b.data[place * width + i]!;
    return tensor(a.shape, data);
  };
  const frozen: Record<string, Tensor> = {};
  for (let layer = 0; layer < layers; layer++) for (const part of ['attn', 'mlp'] as const) frozen[graph.adds(layer, part)] = own[graph.adds(layer, part)]!;
  const sent = (): [string, Tensor] => {
    if (sender.kind === 'embed') return ['embed', mixed(own['embed']!, theirs['embed']!)];
    const layer = (sender as { layer: number }).layer;
    if (sender.kind === 'mlp') return [graph.adds(layer, 'mlp'), mixed(own[graph.adds(layer, 'mlp')]!, theirs[graph.adds(layer, 'mlp')]!)];
    delete frozen[graph.adds(layer, 'attn')];
    const z = `blocks.${layer}.attn.z`;
    return [z, mixed(own[z]!, theirs[z]!, (sender as { head: number }).head)];
  };
  const [site, value] = sent();
  if (receiver === 'logits') {
    const { data } = graph.patched(ids, { ...frozen, [site]: value })['logits']!;
    return tokens.map((token) => data[(ids.length - 1) * vocab + token]!);
  }
  const { layer } = receiver as { layer: number };
  const reads = receiver.kind === 'head' ? `blocks.${layer}.attn.z` : graph.adds(layer, 'mlp');
  const freed = { ...frozen };
  delete freed[receiver.kind === 'head' ? graph.adds(layer, 'attn') : reads];
  const heard = graph.patched(ids, { ...freed, [site]: value })[reads]!;
  const all = [...ids.keys()];
  const { data } = graph.patched(ids, { [reads]: mixed(own[reads]!, heard, receiver.kind === 'head' ? receiver.head : undefined, all) })['logits']!;
  return tokens.map((token) => data[(ids.length - 1) * vocab + token]!);
};

describe.each(families)('of %s', (name) => {
  let opened: OpenedParts;
  beforeAll(async () => {
    opened = await openPartsFixture(engine, name);
  });
  afterAll(() => opened[Symbol.asyncDispose]());
  const last = async (text: readonly number[]) => readLast(opened.parts, await encodePrompt(opened.parts.blocks, text));

  it('attributions sum to the logits', async () => {
    const { components, logits } = await attributeLogits(opened.parts, ids, tokens);
    const expected = wholeGraph(opened).read(ids)['logits']!.data.slice(-opened.parts.config.vocab);
    for (const [i, token] of tokens.entries()) {
      expect(logits[i]).toBeCloseTo(expected[token]!, 4);
      const sum = components.reduce((total, component) => total + component.logits[i]!, 0);
      expect(sum).toBeCloseTo(expected[token]!, 4);
    }
    expect(new Set(components.map(({ component }) => componentName(component))).size).toBe(components.length);
  });

  it('all differences together are the whole of the other text, where no norm stands between', async () => {
    const [own, theirs] = [await last(ids), await last(other)];
    const differences = await componentDifferences(opened.parts, own, theirs);
    const embedded = theirs.streams[0]!.map((value, i) => value - own.streams[0]![i]!);
    const sum = own.streams.at(-1)!.map((value, i) => value + embedded[i]! + differences.reduce((total, { difference }) => total + difference[i]!, 0));
    const furthest = Math.max(...sum.map((value, i) => Math.abs(value - theirs.streams.at(-1)![i]!)));
    if (name === 'gemma3') expect(furthest).toBeGreaterThan(1e-3);
    else expect(furthest).toBeLessThan(1e-4);
  });

  it('direct effects are what freezing everything else and computing the whole graph gives', async () => {
    const directions = await opened.parts.directions(tokens);
    const found = await directEffects(opened.parts, await last(ids), await last(other), directions);
    for (const { component, logits } of found.components) {
      const expected = bruteForce(opened, component, 'logits', [ids.length - 1]);
      for (const [i, value] of expected.entries()) expect(logits[i], componentName(component)).toBeCloseTo(value, 4);
      expect(logits).not.toEqual(found.logits);
    }
  });

  const end = (): number => opened.parts.config.layers - 1;
  it.each<[string, () => { sender: Component; receiver: Component | 'logits'; positions?: number[] }]>([
    ['the embedding to a head', () => ({ sender: { kind: 'embed' }, receiver: { kind: 'head', layer: end(), head: 1 } })],
    ['a head to a head', () => ({ sender: { kind: 'head', layer: 0, head: 1 }, receiver: { kind: 'head', layer: end(), head: 0 }, positions: [2, 5] })],
    ['a feed-forward part to a head', () => ({ sender: { kind: 'mlp', layer: 0 }, receiver: { kind: 'head', layer: end(), head: 1 } })],
    ['a head to a feed-forward part', () => ({ sender: { kind: 'head', layer: 0, head: 0 }, receiver: { kind: 'mlp', layer: end() } })],
    ['a head to the last norm', () => ({ sender: { kind: 'head', layer: 0, head: 0 }, receiver: 'logits' })],
  ])('a path from %s is what two runs of the whole graph give', async (_, path) => {
    const { sender, receiver, positions } = path();
    const { plain, patched } = await pathPatch(opened.parts, ids, other, { sender, receiver, positions }, tokens);
    const expected = bruteForce(opened, sender, receiver, positions ?? [...ids.keys()]);
    for (const [i, value] of expected.entries()) expect(patched[i]).toBeCloseTo(value, 4);
    expect(Math.max(...patched.map((value, i) => Math.abs(value - plain[i]!)))).toBeGreaterThan(1e-4);
  });

  it('a feed-forward part reads the heads of its own block where it comes after them', async () => {
    const path = { sender: { kind: 'head', layer: 0, head: 0 }, receiver: { kind: 'mlp', layer: 0 } } as const;
    const patched = (): Promise<PathPatched> => pathPatch(opened.parts, ids, other, path, tokens);
    if (name === 'gpt-neox') return expect(patched()).rejects.toThrow(/expected a receiver after 0\.0, got mlp 0, which does not read it/);
    const expected = bruteForce(opened, path.sender, path.receiver, [...ids.keys()]);
    for (const [i, value] of (await patched()).patched.entries()) expect(value).toBeCloseTo(expected[i]!, 4);
  });
});

describe('a path', () => {
  let opened: OpenedParts;
  beforeAll(async () => {
    opened = await openPartsFixture(engine, 'llama');
  });
  afterAll(() => opened[Symbol.asyncDispose]());
  const from = { kind: 'mlp', layer: 0 } as const;
  it.each([
    [other.slice(1), { sender: from, receiver: 'logits' }, /expected two texts of as many tokens, got 7 and 6/],
    [
      other,
      { sender: { kind: 'mlp', layer: 90 }, receiver: 'logits' },
      /expected the embedding, a head below \d+ or a feed-forward part of one of \d+ blocks, got mlp 90/,
    ],
    [other, { sender: from, receiver: { kind: 'embed' } }, /expected a head below \d+ .*, got embed/],
    [other, { sender: from, receiver: { kind: 'head', layer: 0, head: 0 } }, /expected a receiver after mlp 0, got 0\.0/],
  ] as const)('refuses what there is not', async (text, path, message) => {
    await expect(pathPatch(opened.parts, ids, text, path, tokens)).rejects.toThrow(message);
  });
});
