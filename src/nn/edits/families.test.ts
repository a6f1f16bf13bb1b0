// The same edits on every family: laws that hold whatever the model is.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isParameter, leavesOf, type Node, nameOf, type Tensor } from '../../core/index.ts';
import { causalFixture } from '../../models/testing/causal-fixture.ts';
import { type Binding, type Engine, type Executable, numbersOf, openEngine, type TensorData, tensorOf } from '../../runtime/index.ts';
import { blockSite, causalInputs, derivedSites } from '../index.ts';
import { ablate, capture, type EditChoice, type EditedSites, editFeeds, editSites, keyFactors, patch, type SiteEdit, sitesIn, weighKeys } from './index.ts';
import { largestDifference, tinyBert } from './testing/tiny-bert.ts';

interface Edited {
  readonly root: Node;
  readonly values: ReadonlyMap<string, Tensor>;
  readonly causal: boolean;
  readonly heads: { readonly queries: number; readonly keys: number };
}

const encoder = async (): Promise<Edited> => {
  const { hidden, values, config } = await tinyBert();
  return { root: hidden, values, causal: false, heads: { queries: config.heads, keys: config.heads } };
};

const decoder = async (name: string): Promise<Edited> => {
  const { member, weights, ids, mask, positions } = await causalFixture(name);
  const { logits } = member.build(causalInputs(member.config));
  const values = new Map([...weights, ['ids', ids], ['mask', mask], ['positions', positions]] as [string, Tensor][]);
  return { root: logits, values, causal: true, heads: { queries: member.config.heads, keys: member.config.kvHeads } };
};

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ threads: 1 });
});
afterAll(() => engine[Symbol.asyncDispose]());

describe.each(['bert', 'llama', 'llama3', 'qwen3', 'gpt2', 'gpt-neox', 'gpt-neox-sequential', 'gemma3'])('edits of %s', (name) => {
  let model: Edited;
  let lengths: { batch: number; seq: number };
  beforeAll(async () => {
    model = name === 'bert' ? await encoder() : await decoder(name);
    const [batch, seq] = model.values.get('ids')!.shape as [number, number];
    lengths = { batch, seq };
  });
  const compiled = (outputs: Readonly<Record<string, Node>>): Promise<Executable> => {
    const given = (node: Node): TensorData => tensorOf(node.dtype, model.values.get(nameOf(node))!.shape, model.values.get(nameOf(node))!.data);
    const bindings = [...leavesOf(Object.values(outputs)).parameters.values()].filter(isParameter).map((node): [string, Binding] => [nameOf(node), { kind: 'constant', value: given(node) }]); // biome-ignore format: one chain
    return engine.compile({ name: 'edited', outputs }, new Map(bindings));
  };
  const run = (program: Executable, feeds: Readonly<Record<string, TensorData>> = {}): Promise<Record<string, TensorData>> =>
    program.run(Object.fromEntries(program.inputs.map(({ name: key, dtype }) => [key, feeds[key] ?? tensorOf(dtype, model.values.get(key)!.shape, model.values.get(key)!.data)]))); // biome-ignore format: one call
  /** What an edited model gives, run after run. */
  const results = async (edits: readonly SiteEdit[], runs: readonly (readonly (EditChoice | null)[])[] = [[]]): Promise<Float64Array[]> => {
    const { roots, edits: opened } = editSites([model.root], edits);
    await using program = await compiled({ root: roots[0]! });
    const found: Float64Array[] = [];
    for (const choices of runs) found.push(numbersOf((await run(program, editFeeds(opened, lengths, choices)))['root']!));
    return found;
  };
  const plain = async (): Promise<Float64Array> => {
    await using program = await compiled({ root: model.root });
    return numbersOf((await run(program))['root']!);
  };
  const allSites = (): string[] => [...sitesIn([model.root]).keys(), ...Object.keys(derivedSites).map((site) => `blocks.1.${site}`), 'blocks.1.resid.pre'];

  it('every site, patched with what it computes, leaves every bit as it is, by onnxruntime; and so do all at once', async () => {
    const sites = allSites().filter((site) => site !== 'blocks.1.resid.pre' || name !== 'bert');
    const expected = await plain();
    await using capturing = await compiled({ root: model.root, ...capture([model.root], sites) });
    const before = await run(capturing);
    expect(numbersOf(before['root']!)).toEqual(expected);
    const { roots, edits } = editSites([model.root], sites.map((site) => ({ site, action: 'patch' }))); // biome-ignore format: one call
    await using program = await compiled({ root: roots[0]! });
    const own = sites.map((site): EditChoice => ({ values: { shape: before[site]!.shape, data: numbersOf(before[site]!) } }));
    const choices = [sites.map(() => null), own, ...sites.map((_, i) => sites.map((_, j) => (i === j ? own[j]! : null)))];
    for (const [i, choice] of choices.entries())
      expect(numbersOf((await run(program, editFeeds(edits, lengths, choice)))['root']!), i < 2 ? 'all' : sites[i - 2]).toEqual(expected);
  });

  it('scaled by 1, or with nothing added, or with nothing chosen, the bits are those of the model', async () => {
    const expected = await plain();
    const site = blockSite(0, 'resid.post');
    const width = capture([model.root], [site])[site]!.shape.at(-1) as number;
    const values = { shape: [width], data: Array.from({ length: width }, (_, i) => Math.sin(i)) };
    const edits: SiteEdit[] = [
      { site, action: 'scale' },
      { site, action: 'add', values },
      { site: blockSite(1, 'attn.pattern'), action: 'zero' },
    ];
    const [same, other] = await results(edits, [[{ factor: 1 }, { factor: 0 }, { positions: [] }], [{ factor: 2 }, { factor: 1 }, { heads: [0] }]]); // biome-ignore format: one call
    expect(same).toEqual(expected);
    expect(largestDifference(other!, expected)).toBeGreaterThan(0.01);
  });

  it('a head taken away is the same at z, at its output, and as a factor of 0', async () => {
    const heads = [1];
    const [z] = await results([{ site: blockSite(1, 'attn.z'), action: 'zero', heads }]);
    const [out] = await results([{ site: 'blocks.1.attn.headOut', action: 'zero', heads }]);
    const [scaled] = await results([{ site: 'blocks.1.attn.headOut', action: 'scale', factor: 0, heads }]);
    const [pattern] = await results([{ site: blockSite(1, 'attn.pattern'), action: 'zero', heads }]);
    for (const other of [out!, scaled!, pattern!]) expect(largestDifference(z!, other)).toBeLessThan(2e-5);
    expect(largestDifference(z!, await plain())).toBeGreaterThan(0.01);
  });

  it('a head of values taken away is all heads of queries that read it taken away', async () => {
    const { queries, keys } = model.heads;
    const group = Array.from({ length: queries / keys }, (_, i) => (keys - 1) * (queries / keys) + i);
    const [values] = await results([{ site: blockSite(1, 'attn.v'), action: 'zero', heads: [keys - 1] }]);
    const [z] = await results([{ site: blockSite(1, 'attn.z'), action: 'zero', heads: group }]);
    expect(largestDifference(values!, z!)).toBeLessThan(2e-5);
  });

  it('attention weighed by factors of tokens is the pattern multiplied by them and divided by its sums; by 1 it is every bit as it was', async () => {
    const { batch, seq } = lengths;
    const mask = model.values.get('mask')!.data;
    const real = Array.from({ length: seq }, (_, i) => i).filter((i) => Number(mask[i]) !== 0);
    const positions = [[real.at(-1)!], ...Array.from({ length: batch - 1 }, () => [])];
    const keys = real.slice(0, 2);
    const factors = (factor: number): number[] => Array.from({ length: seq }, (_, key) => (keys.includes(key) ? factor : 1));
    const { roots, edits } = weighKeys([model.root], { blocks: [1], positions });
    await using program = await compiled({ root: roots[0]! });
    const weighed = async (factor: number): Promise<Float64Array> =>
      numbersOf((await run(program, editFeeds(edits, lengths, [keyFactors(factors(factor))])))['root']!);
    expect(await weighed(1)).toEqual(await plain());
    for (const factor of [0, 0.3]) {
      const [scaled] = await results([{ site: blockSite(1, 'attn.pattern'), action: 'scale', factor, positions, keys, renormalise: true }]);
      expect(largestDifference(await weighed(factor), scaled!), String(factor)).toBeLessThan(2e-5);
      expect(largestDifference(scaled!, await plain())).toBeGreaterThan(1e-3);
    }
  });

  it('what is resampled at a site is what another run holds there, and so it goes on from there as the other', async () => {
    const ids = model.values.get('ids')!;
    const others = { ids: tensorOf('int64', ids.shape, [...ids.data].map((id) => (Number(id) + 3) % 20)) }; // biome-ignore format: one value
    const site = blockSite(0, 'resid.post');
    await using capturing = await compiled({ root: model.root, held: capture([model.root], [site])[site]! });
    const other = await run(capturing, others);
    const choice = { values: { shape: other['held']!.shape, data: numbersOf(other['held']!) } };
    const { roots, edits } = ablate([model.root], { site }, 'resample');
    await using program = await compiled({ root: roots[0]! });
    const result = async (given: EditChoice | null): Promise<Float64Array> => numbersOf((await run(program, editFeeds(edits, lengths, [given])))['root']!);
    expect(await result(choice)).toEqual(numbersOf(other['root']!));
    expect(await result(null)).toEqual(await plain());
    // At the last place only, it is neither; and it is the edit that a patch is.
    const some = await result({ ...choice, positions: [-1] });
    for (const whole of [await plain(), numbersOf(other['root']!)]) expect(largestDifference(some, whole)).toBeGreaterThan(1e-3);
    const patched = patch([model.root], { site });
    await using same = await compiled({ root: patched.roots[0]! });
    expect(numbersOf((await run(same, editFeeds(patched.edits, lengths, [{ ...choice, positions: [-1] }])))['root']!)).toEqual(some);
    expect(() => editFeeds(edits, lengths)).toThrow(/expected values .*, got none/);
  });

  it('a place that is edited changes its text and, where tokens see only what is before, nothing before it', async () => {
    const expected = await plain();
    const { batch, seq } = lengths;
    const width = expected.length / (batch * seq);
    const place = seq - 2;
    const only = [[place], ...Array.from({ length: batch - 1 }, () => [])];
    const [after] = await results([{ site: 'embed', action: 'scale', factor: 3, positions: only }]);
    const moved = Array.from({ length: batch * seq }, (_, row) => largestDifference(after!.slice(row * width, (row + 1) * width), expected.slice(row * width, (row + 1) * width)) > 0); // biome-ignore format: one call
    expect(moved[place]).toBe(true);
    expect(moved.slice(seq)).not.toContain(true);
    if (model.causal) expect(moved.slice(0, place)).not.toContain(true);
    // counted from the end it is the same place
    expect(await results([{ site: 'embed', action: 'scale', factor: 3, positions: only.map((list) => list.map((at) => at - seq)) }])).toEqual([after]);
  });

  it('several edits are made one after another, at once or one graph after another', async () => {
    const edits: SiteEdit[] = [
      { site: 'blocks.0.attn.headOut', action: 'scale', factor: 2, heads: [0] },
      { site: 'blocks.0.attn.headOut', action: 'zero', heads: [0, 1] },
      { site: blockSite(0, 'attn.out'), action: 'scale', factor: 0.5 },
      { site: blockSite(1, 'mlp.down'), action: 'scale', factor: 2, positions: [-1] },
      { site: blockSite(1, 'mlp.down'), action: 'scale', factor: 3, positions: [-1, -2] },
    ];
    const [atOnce] = await results(edits);
    let made: Pick<EditedSites, 'roots' | 'edits'> = { roots: [model.root], edits: [] };
    for (const each of [edits.slice(0, 1), edits.slice(1, 2), edits.slice(2, 4), edits.slice(4)]) {
      const next = editSites(made.roots, each);
      made = { roots: next.roots, edits: [...made.edits, ...next.edits] };
    }
    expect(new Set(made.edits.map((each) => each.name)).size).toBe(5);
    await using program = await compiled({ root: made.roots[0]! });
    expect(largestDifference(numbersOf((await run(program, editFeeds(made.edits, lengths)))['root']!), atOnce!)).toBeLessThan(2e-6);
    const [without] = await results(edits, [[{ heads: [] }, null, null, { factor: 1 }, null]]);
    expect(without).toEqual(await plain());
    const [one] = await results([{ site: blockSite(0, 'attn.z'), action: 'zero', heads: [0, 1] }, ...edits.slice(2)]);
    expect(largestDifference(one!, atOnce!)).toBeLessThan(2e-5);
  });

  it('has outputs of heads that add up to the output of attention', async () => {
    const site = blockSite(1, 'attn.out');
    await using program = await compiled(capture([model.root], [site, 'blocks.1.attn.headOut']));
    const found = await run(program);
    const [batch, heads, seq, width] = found['blocks.1.attn.headOut']!.shape as [number, number, number, number];
    expect([batch, heads, seq]).toEqual([lengths.batch, model.heads.queries, lengths.seq]);
    const [each, whole] = [numbersOf(found['blocks.1.attn.headOut']!), numbersOf(found[site]!)];
    const bias = model.values.get(`${site}.bias`)?.data;
    const sums = Float64Array.from(whole, (_, i) => {
      const [b, t, c] = [Math.floor(i / (seq * width)), Math.floor(i / width) % seq, i % width];
      let sum = bias?.[c] ?? 0;
      for (let h = 0; h < heads; h++) sum += each[((b * heads + h) * seq + t) * width + c]!;
      return sum;
    });
    expect(largestDifference(sums, whole)).toBeLessThan(1e-5);
  });
});

it('a program with a cache and chosen rows is edited as any: patched with what they compute, its sites leave every bit', async () => {
  const { member, weights } = await causalFixture('llama');
  const { layers, kvHeads, headDim } = member.config;
  const { logits } = member.build(causalInputs(member.config, { past: 'kvSeq', rows: true }));
  const [batch, seq, kvSeq] = [2, 3, 4];
  const wave = (count: number): number[] => Array.from({ length: count }, (_, i) => Math.sin(i));
  const cache = ['keys', 'values'].flatMap((kind) => Array.from({ length: layers }, (_, layer): [string, TensorData] => [`past.${kind}.${layer}`, tensorOf('float32', [batch, kvHeads, kvSeq, headDim], wave(batch * kvHeads * kvSeq * headDim))])); // biome-ignore format: one chain
  const feeds: Record<string, TensorData> = {
    ids: tensorOf('int64', [batch, seq], [1, 5, 9, 2, 7, 30]),
    positions: tensorOf('int64', [batch, seq], [3, 4, 5, 3, 4, 5]),
    mask: tensorOf('bool', [batch, seq], [1, 1, 1, 1, 1, 1]),
    rows: tensorOf('int64', [2], [2, 5]),
    'past.mask': tensorOf('bool', [batch, kvSeq], [0, 1, 1, 1, 0, 1, 1, 1]),
    ...Object.fromEntries(cache),
  };
  const compiled = (outputs: Readonly<Record<string, Node>>): Promise<Executable> =>
    engine.compile({ name: 'cached', outputs }, new Map([...weights].map(([key, { shape, data }]): [string, Binding] => [key, { kind: 'constant', value: tensorOf('float32', shape, data) }]))); // biome-ignore format: one call
  const sites = [...sitesIn([logits]).keys(), 'blocks.0.attn.headOut'];
  await using capturing = await compiled({ root: logits, ...capture([logits], sites) });
  const before = await capturing.run(feeds);
  expect([before['blocks.0.attn.pattern']!.shape, before['logits']!.shape]).toEqual([[batch, 4, seq, kvSeq + seq], [2, 48]]); // biome-ignore format: one call
  const { roots, edits } = editSites([logits], sites.map((site) => ({ site, action: 'patch' }))); // biome-ignore format: one call
  await using program = await compiled({ root: roots[0]! });
  const own = sites.map((site): EditChoice => ({ values: { shape: before[site]!.shape, data: numbersOf(before[site]!) } }));
  const lengths = { batch, seq, kvSeq, rows: 2 };
  const result = async (choices: readonly (EditChoice | null)[]) =>
    numbersOf((await program.run({ ...feeds, ...editFeeds(edits, lengths, choices) }))['root']!);
  expect(await result(own)).toEqual(numbersOf(before['root']!));
  // A key of the cache is left out of what the last token looks at.
  const blind = sites.map((site): EditChoice | null => (site.endsWith('1.attn.scores') ? { positions: [-1], keys: [1], values: { shape: [batch, 4, seq, kvSeq + seq], data: Array(batch * 4 * seq * 7).fill(-1e30) } } : null)); // biome-ignore format: one value
  expect(largestDifference(await result(blind), numbersOf(before['root']!))).toBeGreaterThan(0.01);
});
