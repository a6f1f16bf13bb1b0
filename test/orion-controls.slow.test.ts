import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type InspectedLanguageModel, openInspected } from '../src/app/inspect/index.ts';
import { uniformAt } from '../src/generate/index.ts';
import { encodePrompt, labelsOf, makeDataset, orionTasks, sweep } from '../src/inspect/index.ts';
import { whyNoSmollm2 } from '../src/inspect/orion/testing/tokenizers.ts';

const layer = 18; // of 30: where requests of this task are moved best (docs/orion/cells.jsonl)
const unrelated = 'The river rose in the night. In the morning the ferry lay tied to the far bank, and nobody had seen the ferryman since';

describe.skipIf(whyNoSmollm2 !== undefined)(`requests of smollm2-135m-instruct${whyNoSmollm2 === undefined ? '' : `: ${whyNoSmollm2}`}`, () => {
  let model: InspectedLanguageModel;
  beforeAll(async () => {
    model = await openInspected('smollm2-135m-instruct');
  }, 60_000);
  afterAll(() => model[Symbol.asyncDispose]());

  it('are moved by what a prompt holds at its last token, and by no random vector as long and no unrelated text', async () => {
    const task = orionTasks().find(({ family }) => family === 'induction')!;
    const { prompts } = makeDataset(task, model.tokenizer, { count: 10, seed: 5 });
    const ids = [...prompts.map((prompt) => prompt.ids), model.tokenizer.encode(unrelated)];
    const pairs = prompts.flatMap((source, i) =>
      prompts.flatMap((target, j) => (new Set(Object.values(labelsOf(source, target))).size === 3 ? [{ source: i, target: j }] : [])),
    );
    expect(pairs.length).toBeGreaterThan(20);
    const residuals = await Promise.all(prompts.map(async (prompt) => (await encodePrompt(model.blocks, prompt.ids)).last[layer]!));
    const random = (source: number, i: number): Float32Array => {
      const own = residuals[source]!;
      const drawn = own.map((_, at) => uniformAt(11, i * own.length + at) - 0.5);
      const scale = Math.hypot(...own) / Math.hypot(...drawn);
      return drawn.map((value) => value * scale);
    };
    const kinds: ((source: number, i: number) => number | Float32Array)[] = [(source) => source, random, () => prompts.length];
    const runs = kinds.flatMap((sourceOf) =>
      pairs.map(({ source, target }, i) => ({
        source: sourceOf(source, i),
        target,
        layer,
        wanted: [labelsOf(prompts[source]!, prompts[target]!).request_transfer],
      })),
    );
    const { plain, patched } = await sweep(model.blocks, ids, runs, ids.map((_, i) => [prompts[i]?.answerId ?? 0])); // biome-ignore format: one call
    const mean = (of: typeof patched): number => of.reduce((sum, { logprobs }) => sum + Math.exp(logprobs[0]!), 0) / of.length;
    const baseline = mean(plain.slice(0, prompts.length));
    const [moved, byChance, byOther] = kinds.map((_, kind) => mean(patched.slice(kind * pairs.length, (kind + 1) * pairs.length)) / baseline);
    expect(moved).toBeGreaterThan(0.6);
    expect(byChance).toBeLessThan(0.2);
    expect(byOther).toBeLessThan(0.2);
  }, 300_000);
});
