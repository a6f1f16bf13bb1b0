import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Node, tensor } from '../core/index.ts';
import { inTheory } from '../nn/edits/testing/tiny-bert.ts';
import { blockSite, capture, causalInputs, patch } from '../nn/index.ts';
import { type Engine, openEngine } from '../runtime/index.ts';
import { type Blockwise, encodePrompt, sweep } from './index.ts';
import { type OpenedFixture, openFixture } from './testing/open-fixture.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ threads: 1 });
});
afterAll(() => engine[Symbol.asyncDispose]());

/** Log-probabilities of all tokens after a text, in float64 and from beginning to end, with the residual stream after some blocks replaced at its last token. */
const inFull = ({ member, weights }: OpenedFixture, ids: readonly number[], patched?: { layer: number; vector: Float64Array }) => {
  const { logits } = member.build(causalInputs(member.config, { mask: false }));
  const given = new Map(weights).set('ids', tensor([1, ids.length], ids)).set('positions', tensor([1, ids.length], [...ids.keys()]));
  const { hidden, layers, vocab } = member.config;
  let outputs: Record<string, Node> = { logits };
  if (patched) {
    const site = blockSite(patched.layer - 1, 'resid.post');
    const { roots, edits } = patch([logits], site);
    const { name } = edits[0]!;
    outputs = { logits: roots[0]! };
    const value = new Float64Array(ids.length * hidden);
    value.set(patched.vector, (ids.length - 1) * hidden);
    given.set(name, tensor([1, ids.length, hidden], value));
    given.set(`${name}.where`, tensor([1, ids.length, 1], [...ids.keys()].map((i) => Number(i === ids.length - 1)))); // biome-ignore format: one value
  } else
    Object.assign(
      outputs,
      capture(
        [logits],
        Array.from({ length: layers }, (_, block) => blockSite(block, 'resid.post')),
      ),
    );
  const found = inTheory(outputs, given);
  const scores = found['logits']!.data.slice(-vocab);
  const most = Math.max(...scores);
  const whole = most + Math.log(scores.reduce((sum, score) => sum + Math.exp(score - most), 0));
  return {
    logprobs: scores.map((score) => score - whole),
    residual: (layer: number) => found[blockSite(layer - 1, 'resid.post')]!.data.slice(-hidden),
  };
};

const prompts = [
  [1, 5, 9, 2, 7, 7, 3],
  [4, 4, 8, 1],
  [1, 5, 9, 2, 7, 7, 3, 6, 2, 8, 1, 1, 5, 3, 2, 9, 9, 4, 6, 7],
  [1, 5, 9, 2, 7, 7, 3, 6, 2, 8, 1, 1, 5, 3, 2, 9, 9, 4, 2],
  [6],
];

describe.each(['llama', 'llama3', 'mistral', 'qwen2', 'qwen3', 'gpt2', 'gpt-neox', 'gpt-neox-sequential', 'gemma3'])('a sweep of %s', (name) => {
  let model: OpenedFixture;
  let blockwise: Blockwise;
  beforeAll(async () => {
    model = await openFixture(engine, name);
    blockwise = model.blockwise;
  });
  afterAll(() => blockwise[Symbol.asyncDispose]());

  it('gives what computing every patched text from its beginning gives', async () => {
    const { layers, vocab } = blockwise.config;
    const pairs = [[0, 2], [3, 2], [2, 3], [1, 0], [4, 1], [2, 2], [0, 4]] as const; // biome-ignore format: pairs
    const all = [...Array(vocab).keys()];
    const runs = pairs.flatMap(([source, target]) => Array.from({ length: layers }, (_, i) => ({ source, target, layer: i + 1, wanted: all })));
    const { plain, patched } = await sweep(blockwise, prompts, runs, prompts.map(() => all), { top: 2 }); // biome-ignore format: one call
    const whole = prompts.map((ids) => inFull(model, ids));
    for (const [i, { logprobs }] of whole.entries()) for (const [id, expected] of logprobs.entries()) expect(plain[i]!.logprobs[id]).toBeCloseTo(expected, 4);
    for (const [i, { source, target, layer }] of runs.entries()) {
      const { logprobs } = inFull(model, prompts[target]!, { layer, vector: whole[source]!.residual(layer) });
      const got = patched[i]!;
      for (const [id, expected] of logprobs.entries()) expect(got.logprobs[id]).toBeCloseTo(expected, 4);
      expect(got.best[0]!.logprob).toBeCloseTo(Math.max(...logprobs), 4);
      expect(got.best[0]!.logprob).toBeGreaterThanOrEqual(got.best[1]!.logprob);
    }
  });
});

describe('a sweep', () => {
  let model: OpenedFixture;
  beforeAll(async () => {
    model = await openFixture(engine, 'llama');
  });
  afterAll(() => model.blockwise[Symbol.asyncDispose]());
  const runs = [{ source: 0, target: 2, layer: 1, wanted: [3] }, { source: 1, target: 3, layer: 2, wanted: [5] }]; // biome-ignore format: pairs

  it('changes nothing where a prompt is patched with itself, and hands the source’s answer over after the last block', async () => {
    const { layers } = model.blockwise.config;
    const every = Array.from({ length: layers }, (_, i) => i + 1);
    const itself = await sweep(model.blockwise, prompts, every.map((layer) => ({ source: 2, target: 2, layer, wanted: [3, 4] })), prompts.map(() => [3, 4])); // biome-ignore format: one call
    for (const { logprobs } of itself.patched) for (const [i, logprob] of logprobs.entries()) expect(logprob).toBeCloseTo(itself.plain[2]!.logprobs[i]!, 5);
    const over = await sweep(model.blockwise, prompts, [{ source: 0, target: 2, layer: layers, wanted: [3, 4] }], prompts.map(() => [3, 4])); // biome-ignore format: one call
    expect(over.patched[0]!.logprobs).toEqual(over.plain[0]!.logprobs);
  });

  it('gives the same whether cached keys are kept or read again, and whether prompts share a beginning', async () => {
    const kept = await sweep(model.blockwise, prompts, runs);
    const again = await sweep(model.blockwise, prompts, runs, undefined, { keptBytes: 0 });
    for (const [i, { logprobs }] of kept.patched.entries()) expect(again.patched[i]!.logprobs[0]).toBeCloseTo(logprobs[0]!, 5);
    const alone = await encodePrompt(model.blockwise, prompts[3]!);
    const after = await encodePrompt(model.blockwise, prompts[3]!, await encodePrompt(model.blockwise, prompts[2]!));
    for (const [i, keys] of alone.keys.entries()) for (const [j, value] of keys.entries()) expect(after.keys[i]![j]).toBeCloseTo(value, 4);
  });

  it('tells how far it is, and stops where it is told to', async () => {
    const steps: [number, number][] = [];
    await sweep(model.blockwise, prompts, runs, undefined, { onProgress: (done, total) => steps.push([done, total]) });
    expect(steps.at(-1)).toEqual([7, 7]);
    const stop = new AbortController();
    await expect(sweep(model.blockwise, prompts, runs, undefined, { signal: stop.signal, onProgress: () => stop.abort() })).rejects.toThrow(/abort/);
  });

  it('refuses what names no prompt, no block or no token', async () => {
    await expect(sweep(model.blockwise, [[]], [])).rejects.toThrow(/prompt 0: expected at least one token, got none/);
    await expect(sweep(model.blockwise, [[1, -3]], [])).rejects.toThrow(/expected tokens from 0 to \d+, got -3/);
    await expect(sweep(model.blockwise, [[1]], [{ source: 0, target: 1, layer: 1 }])).rejects.toThrow(/expected prompts from 0 to 0, got 1/);
    await expect(sweep(model.blockwise, [[1]], [{ source: 0, target: 0, layer: 0 }])).rejects.toThrow(/expected a layer from 1 to \d+, got 0/);
    const { last, keys, values } = await encodePrompt(model.blockwise, [1, 2]);
    const late = { layer: model.blockwise.config.layers, vector: last[1]! };
    await expect(model.blockwise.lastTokens({ id: 2, position: 1, past: { keys, values }, variants: [late] })).rejects.toThrow(
      /expected variants after 1 to \d+ blocks, got \d+/,
    );
  });
});
