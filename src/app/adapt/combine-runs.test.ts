import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { openLanguageModel } from '../language-model/index.ts';
import { ownHome } from '../testing/own-home.ts';
import { writeTinyModel } from '../testing/tiny-language-model.ts';
import { adaptModel } from './adapt-model.ts';
import { type CombineOptions, combineRuns } from './combine-runs.ts';
import { listRuns } from './list-runs.ts';
import { measureMatrix } from './measure-matrix.ts';
import { askedFacts } from './measure-model.ts';

const own = ownHome();
const at = (...names: string[]): string => join(own.path, ...names);
const mix = (runs: readonly string[], output: string, options: Pick<CombineOptions, 'topK' | 'temperature'> = {}) =>
  combineRuns(
    runs.map((run) => at(run)),
    { runsDir: own.path, output: at(output), threads: 2, ...options },
  );

beforeAll(async () => {
  await writeTinyModel(at('tiny'), { context: 512 });
  const tasks = {
    colours: (n: number) => ({ instruction: `Box ${n}?`, output: `The colour is ${['red', 'green'][n % 2]} today.` }),
    doors: (n: number) => ({ instruction: `Door ${n}?`, output: `This door was ${['open', 'shut'][n % 2]} then.` }),
  };
  const recipe = { model: at('tiny'), runsDir: at(), threads: 2, length: 96, replay: 0, weights: 'f32', epochs: 6, learningRate: 0.02 } as const;
  const [fact] = await askedFacts(1);
  await writeFile(at('general.jsonl'), JSON.stringify({ instruction: fact!.prompt, output: fact!.object }));
  for (const [name, sample] of Object.entries(tasks)) {
    await writeFile(at(`${name}.jsonl`), Array.from({ length: 30 }, (_, n) => JSON.stringify(sample(n))).join('\n'));
    const told = name === 'doors' && { replay: 0.1, replayData: at('general.jsonl') };
    await adaptModel({ ...recipe, ...told, method: 'lora', options: { rank: name === 'doors' ? 4 : 8 }, data: at(`${name}.jsonl`), output: at(name) });
  }
  await adaptModel({ ...recipe, method: 'ia3', epochs: 1, data: at('doors.jsonl'), output: at('scaled') });
}, 240_000);

describe('a mixture of finished runs', () => {
  it('is asked the task of each, says what each token took, and is used and listed as a run', async () => {
    const { folder, result, tasks } = await mix(['colours', 'doors'], 'mixed');
    expect(tasks.map(({ run, n }) => [run, n])).toEqual([['colours', 3], ['doors', 3]]); // biome-ignore format: short
    for (const { before, own } of tasks) expect(own).toBeGreaterThan(before);
    // What one of them replayed tells a fact that the mixture is asked.
    expect(result.data.contaminatedFacts).toBe(1);
    expect(result).toMatchObject({ method: { kind: 'arrow', options: { adapters: ['colours', 'doors'], rank: 8, topK: 3 } }, trainable: 0, task: { n: 6 } });
    expect(result.experts!.byKind.map(({ kind, shares }) => [kind, shares.length])).toEqual([['colours', 2], ['doors', 2]]); // biome-ignore format: short
    expect(await readFile(join(folder, 'report.html'), 'utf8')).toContain('2 experts in 1 group; nothing balanced them');
    expect((await listRuns(own.path)).find(({ name }) => name === 'mixed')).toMatchObject({ state: 'finished', method: 'arrow', data: expect.any(String) });
    await using model = await openLanguageModel(at('tiny'), { adapter: folder, threads: 2, weights: 'f32' });
    expect((await model.generate({ messages: [{ role: 'user', content: 'Door 3?' }], maxTokens: 4 })).text).not.toBe('');
    // The same call answers from what is there; another choice is another run.
    expect((await mix(['colours', 'doors'], 'mixed')).result.verdict).toBe(result.verdict);
    await expect(mix(['colours', 'doors'], 'mixed', { topK: 1 })).rejects.toThrow(/expected the run that is begun there/);
  }, 60_000);

  it('of a run and its copy answers as that run does', async () => {
    await cp(at('doors'), at('again'), { recursive: true });
    const { tasks, result } = await mix(['doors', 'again'], 'twice', { topK: 2, temperature: 3 });
    for (const { own, after } of tasks) expect(after).toBeCloseTo(own, 12);
    // Both hold out, and learnt, the same samples: none that one run held out did the other learn.
    expect(result.data.contaminated).toBe(0);
  }, 60_000);

  it('is refused for what cannot be mixed, and as a stage of learning', async () => {
    await expect(mix(['doors'], 'x')).rejects.toThrow(/expected two runs at least to mix, got 1/);
    await expect(mix(['doors', 'none'], 'x')).rejects.toThrow(/none: expected a run that is over/);
    await expect(mix(['doors', 'doors'], 'x')).rejects.toThrow(/expected adapters of different names, got doors twice/);
    await expect(mix(['doors', 'scaled'], 'x')).rejects.toThrow(/scaled: expected a run of lora to mix, got one of ia3; train it with --method lora/);
    await expect(measureMatrix([at('doors'), at('mixed')], { threads: 2 })).rejects.toThrow(/mixed: expected a run that learnt from samples of its own/);
  }, 60_000);
});
