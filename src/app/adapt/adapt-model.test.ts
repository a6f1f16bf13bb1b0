import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ownHome } from '../testing/own-home.ts';
import { writeTinyModel } from '../testing/tiny-language-model.ts';
import { adaptModel } from './adapt-model.ts';
import type { AdaptOptions } from './adapt-options.ts';

const own = ownHome();
const at = (...names: string[]): string => join(own.path, ...names);

beforeAll(async () => {
  await writeTinyModel(at('tiny'), { context: 512 });
  const samples = Array.from({ length: 20 }, (_, n) => ({ instruction: `Which colour has box ${n}?`, output: ['red', 'green'][n % 2] }));
  await writeFile(at('data.jsonl'), samples.map((sample) => `${JSON.stringify(sample)}\n`).join(''));
});

const adapt = (more: Partial<AdaptOptions>) =>
  adaptModel({ data: at('data.jsonl'), model: at('tiny'), runsDir: at('runs'), threads: 1, method: 'lora', length: 64, replay: 0, weights: 'f32', ...more });

describe('the last weights of a run', () => {
  it('are kept where told to; the run is known by it, and its report says it', async () => {
    // So hard that the last epoch is not the best.
    const hard = { output: at('last'), epochs: 6, learningRate: 0.5, schedule: 'constant', warmup: 0, keep: 'last' } as const;
    const { result } = await adapt(hard);
    const judged = result!.loss.flatMap(({ heldOut }) => (heldOut === undefined ? [] : [heldOut]));
    expect(judged.at(-1)).toBeGreaterThan(Math.min(...judged));
    expect(result).toMatchObject({ kept: { weights: 'last', epoch: 6 }, perplexityHeldOut: { after: Math.exp(judged.at(-1)!) } });
    expect(JSON.parse(await readFile(at('last', 'run.json'), 'utf8'))).toMatchObject({ config: { keep: 'last' } });
    expect(await readFile(at('last', 'report.html'), 'utf8')).toContain('the last, of epoch 6');
    expect((await adapt(hard)).result).toEqual(result);
    await expect(adapt({ ...hard, keep: 'best' })).rejects.toThrow(/expected the run that is begun there/);
  }, 60_000);
});
