import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openGenerator } from '../generate/index.ts';
import { type Binding, type Engine, openEngine, probeDevices, tensorOf } from '../runtime/index.ts';
import { causalFixture } from './testing/causal-fixture.ts';

const { webgpu } = await probeDevices();
const why = webgpu.available ? '' : ` (skipped: ${webgpu.reason})`;
const fixtures = ['llama', 'llama3', 'mistral', 'qwen2', 'qwen3', 'gpt2', 'gpt-neox', 'gpt-neox-sequential', 'gemma3'];

describe.skipIf(!webgpu.available)(`Language models on WebGPU${why}`, () => {
  let engines: readonly Engine[];
  beforeAll(async () => {
    engines = await Promise.all((['cpu', 'webgpu'] as const).map((device) => openEngine({ process: true, threads: 1, device })));
  });
  afterAll(async () => {
    for (const engine of engines) await engine[Symbol.asyncDispose]();
  });

  it.each(fixtures)('%s: prompts of unequal length, read and continued together, get the tokens that they get on the CPU', async (name) => {
    const { member, weights } = await causalFixture(name);
    const { config, build } = member;
    const bindings = new Map(
      [...weights].map(([key, { shape, data }]): [string, Binding] => [key, { kind: 'constant', value: tensorOf('float32', shape, data) }]),
    );
    const prompts = [[5, 6, 7], [1], Array.from({ length: 20 }, (_, i) => (i * 7) % config.vocab), [3, 3, 4, 5, 6]];
    const [cpu, gpu] = await Promise.all(
      engines.map(async (engine) => {
        await using generator = await openGenerator({ engine, model: { name, config, build }, bindings, slots: 3 });
        const answers = await Promise.all(prompts.map((prompt) => generator.generate({ prompt, maxTokens: 10 })));
        return { tokens: answers.map(({ tokenIds }) => tokenIds), scores: await generator.score(prompts[2]!, 1) };
      }),
    );
    expect(gpu!.tokens).toEqual(cpu!.tokens);
    expect(new Set(cpu!.tokens.map(String)).size).toBe(prompts.length);
    expect(Math.max(...cpu!.scores.map((value, i) => Math.abs(value - gpu!.scores[i]!)))).toBeLessThan(1e-5);
  });
});
