import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { uniformAt } from '../../generate/index.ts';
import { type Engine, openEngine } from '../../runtime/index.ts';
import type { Blockwise } from '../blockwise.ts';
import { encodePrompt } from '../encode-prompt.ts';
import { sweep } from '../sweep.ts';
import { makeDataset } from './dataset.ts';
import { mean } from './outcome/mean.ts';
import { drawPairs } from './outcome/pairs.ts';
import { labelsOf } from './role.ts';
import { runOrionTask } from './run-task.ts';
import { openPlanted, plantedTask, plantedTokenizer, unrelated } from './testing/planted-model.ts';

const dataset = makeDataset(plantedTask, plantedTokenizer, { count: 60, seed: 3 });
const { prompts } = dataset;

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ threads: 1 });
});
afterAll(() => engine[Symbol.asyncDispose]());

describe.each([
  { layers: 8, request: 2, answer: 5 },
  { layers: 6, request: 1, answer: 2 },
  { layers: 6, request: 4, answer: 5 },
])('a network that learns what is asked in block $request and looks it up in block $answer of $layers', (planted) => {
  let model: Blockwise;
  beforeAll(async () => {
    model = await openPlanted(engine, planted);
  });
  afterAll(() => model[Symbol.asyncDispose]());

  it('has L1 < L2 < L3 where they were planted, and moves the whole request between', async () => {
    const { L1, L2, L3, curves, requestTransfer, floors, ...figures } = await runOrionTask(model, dataset, plantedTokenizer.textOf, { count: 60, seed: 3 });
    expect(figures).toMatchObject({ accuracy: 1, softMatch: 1, passed: true });
    expect(figures.logitDiff).toBeCloseTo(10, 3); // the head's weight, and nothing for all other tokens
    expect([L1, L3]).toEqual([planted.request, planted.answer + 1]);
    expect(L2).toBeGreaterThan(planted.request);
    expect(L2).toBeLessThanOrEqual(planted.answer);
    expect(requestTransfer).toMatchObject({ max: expect.closeTo(1, 4), separable: expect.closeTo(1, 4), accuracy: 1, softMatch: 1, logitDiff: expect.closeTo(1, 4) }); // biome-ignore format: one value
    for (let layer = 1; layer <= planted.layers; layer++) {
      const role = layer <= planted.request ? 'unaffected' : layer <= planted.answer ? 'request_transfer' : 'output_transfer';
      expect(curves![role][layer - 1]!.tokenProb.value).toBeCloseTo(1, 4);
    }
    // Outside its stretch the request gets what chance gives it.
    for (const [
      stretch,
      floor,
    ] of [[curves!.request_transfer.slice(0, planted.request), floors!.requestIsUnaffected], [curves!.request_transfer.slice(planted.answer), floors!.requestIsOutput]] as const) // biome-ignore format: pairs
      for (const { tokenProb, separable } of stretch) {
        expect(Math.abs(tokenProb.value - floor)).toBeLessThan(0.17);
        expect(separable!.value).toBeLessThan(0.01);
      }
  });

  it('is moved by the residual stream of a prompt only: a random vector as long and an unrelated text move nothing', async () => {
    const layer = planted.answer; // where every request is moved
    const pairs = drawPairs(prompts.length, [layer], { count: 60, seed: 4 });
    const ids = [...prompts.map((prompt) => prompt.ids), plantedTokenizer.encode(unrelated)];
    const wanted = pairs.map(({ source, target }) => [labelsOf(prompts[source]!, prompts[target]!).request_transfer]);
    const streams = await Promise.all(pairs.map(async ({ source }) => (await encodePrompt(model, ids[source]!)).last[layer]!));
    const patched = async (sourceOf: (i: number) => number | Float32Array): Promise<number> => {
      const runs = pairs.map(({ target }, i) => ({ source: sourceOf(i), target, layer, wanted: wanted[i]! }));
      return mean((await sweep(model, ids, runs)).patched.map(({ logprobs }) => Math.exp(logprobs[0]!)));
    };
    const random = (i: number): Float32Array => {
      const drawn = streams[i]!.map((_, at) => uniformAt(9, i * streams[i]!.length + at) - 0.5);
      const norm = (vector: Float32Array): number => Math.hypot(...vector);
      return drawn.map((value) => (value * norm(streams[i]!)) / norm(drawn));
    };
    expect(await patched((i) => pairs[i]!.source)).toBeGreaterThan(0.99);
    expect(await patched((i) => streams[i]!)).toBeGreaterThan(0.99); // the same as a vector
    expect(await patched(random)).toBeLessThan(0.5);
    expect(await patched(() => prompts.length)).toBeLessThan(0.5);
  });
});
