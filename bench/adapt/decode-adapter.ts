import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { firstValues, planStep, recipeOf, saveAdapter } from '../../src/adapt/index.ts';
import { openBase } from '../../src/app/language-model/open-base.ts';
import { resolveModel } from '../../src/app/models/resolve-model.ts';
import type { Bench } from '../harness.ts';
import { interleaved, median, ratiosOf } from '../reader/compare.ts';
import { log } from '../reader/row.ts';
import { openLanguage, type Worker } from '../reader/worker.ts';

const model = 'smollm2-135m-instruct';
const tokens = 64;

/** Writes a mixture of six experts of rank 4 as it begins: it costs what a trained one costs, and answers stay alike. */
const writeMixture = async (folder: string, threads: number): Promise<void> => {
  const base = await openBase(model, { threads });
  const { source, name, sha256 } = base;
  const recipe = recipeOf({ method: 'loramoe', options: { experts: 6, rank: 4 } }, { exactBytes: true, model: source.member.config });
  const values = await firstValues(base, recipe, (await planStep(base, recipe)).parameters);
  const own = new Map(Object.entries(values).map(([key, { data }]) => [key, data as Float32Array]));
  await saveAdapter(folder, { method: recipe.method, values: own, source, base: { name, sha256 }, training: {} });
};

/** Tokens a second of one answer with a LoRAMoE adapter on gate, up and down, against the same model without it. */
export const decodeAdapter: Bench = async ({ threads, runs = 15 }) => {
  const folder = await mkdtemp(join(tmpdir(), 'lyceum-bench-'));
  try {
    const adapter = join(folder, 'adapter');
    await writeMixture(adapter, threads);
    const { path: file } = await resolveModel(model);
    await using ours = openLanguage();
    await using plain = openLanguage();
    const { version } = await plain.ask<{ version: string }>('open', { file, threads, weights: 'auto' });
    await ours.ask('open', { file, threads, weights: version, adapter });
    const turn = async (worker: Worker, run: number): Promise<number> => {
      const texts = [`${run} Once upon a time there was a small village`];
      const { seconds, tokens: count } = await worker.ask<{ seconds: number; tokens: number }>('decode', { texts, tokens });
      return seconds / count;
    };
    const times = await interleaved(
      runs,
      (run) => turn(ours, run),
      (run) => turn(plain, run),
    );
    const [with_, without] = [1 / median(times.ours), 1 / median(times.peer)];
    log(`  ${with_.toFixed(1)} with the mixture, ${without.toFixed(1)} without`);
    return [
      {
        name: 'decode-adapter/1',
        metric: 'rate',
        unit: 'tokens/s',
        ours: with_,
        peer: without,
        peerName: 'Lyceum without the adapter',
        peerVersion: null,
        ...ratiosOf(times),
        runs,
        gate: true,
        note: `weights ${version}; LoRAMoE, 6 experts of rank 4 on gate, up and down; answers of ${tokens} tokens, after their first`,
      },
    ];
  } finally {
    await rm(folder, { recursive: true });
  }
};
