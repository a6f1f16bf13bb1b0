// A model learns the handbook of a product and how its messages are sorted. An adapter is an edit of the model's graph, as data; training it ends with what was gained and what was forgotten.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { adapt, loramoe } from '../src/adapt/index.ts';
import { input, nameOf } from '../src/core/index.ts';
import { type AdaptOptions, adaptModel, loadModel } from '../src/index.ts';
import { dense } from '../src/nn/index.ts';

/** The edit by itself: six experts in two groups beside the linears it finds, here one. */
export const beside = (): string[] => {
  const outputs = { up: dense('blocks.0.mlp.up', input('x', ['batch', 'seq', 64]), 128) };
  return adapt({ name: 'one linear', outputs }, loramoe({ experts: 6, rank: 4, groups: [3, 3] })).parameters.map(nameOf);
};

const data = fileURLToPath(new URL('instructions/weather-station.jsonl', import.meta.url));

/** Teaches a model and asks it something from the handbook. */
export async function teach(model: string, runsDir: string, options: Partial<AdaptOptions> = {}) {
  const { folder, result } = await adaptModel({ data, model, runsDir, method: 'loramoe', threads: 2, ...options });
  await using adapted = await loadModel(model, { adapter: folder, threads: 2 });
  const question = 'What does the amber light on the station mean?';
  const { text } = await adapted.generate({ messages: [{ role: 'user', content: question }], maxTokens: 48 });
  return { folder, text, loss: result!.loss, verdict: result!.verdict };
}

if (import.meta.main) console.log(beside(), await teach(process.argv[2] ?? 'smollm2-135m-instruct', join(tmpdir(), 'lyceum-adapt-example')));
