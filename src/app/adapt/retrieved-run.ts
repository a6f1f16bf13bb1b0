import { mkdir } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import { recipeOf } from '../../adapt/index.ts';
import { ConfigError, UnsupportedError } from '../../core/index.ts';
import { writeWhole } from '../../formats/index.ts';
import { adaptReport, retrievedKind } from '../../report/index.ts';
import { openBase } from '../language-model/open-base.ts';
import { openEmbedderApart } from '../open-embedder-apart.ts';
import { readAdaptData } from './adapt-data.ts';
import type { AdaptOptions, AdaptOutcome } from './adapt-options.ts';
import { holdRun } from './hold-run.ts';
import { askedOf, measureModel } from './measure-model.ts';
import { withExamples } from './retrieve-examples.ts';
import { runResult } from './run-result.ts';

/**
 * The arm in which nothing is trained: held-out samples are asked with the training samples that are most like them in the prompt. What it can do says whether training is worth it; knowledge stays as it was.
 *
 * @throws as `adaptModel`
 */
export const retrievedRun = async (options: AdaptOptions): Promise<AdaptOutcome> => {
  const { data: path, model, output, runsDir, from, evaluation, kindField, threads, seed = 0, signal, onProgress, onNote } = options;
  if (from !== undefined)
    throw new ConfigError(
      `adapt: expected a method that is trained to start from ${from}, got ${retrievedKind}; leave --from out, or take the method of that run`,
    );
  const folder = resolve(output ?? join(runsDir, `${basename(path, extname(path))}-${retrievedKind}`));
  const base = await openBase(model, { threads });
  // Samples are read as any method reads them.
  const recipe = recipeOf(
    { method: 'lora', replay: 0, seed, length: base.source.member.config.positions },
    { exactBytes: true, model: base.source.member.config },
  );
  const data = await readAdaptData(base, recipe, {
    data: path,
    now: new Date(),
    ...(evaluation !== undefined && { evaluation }),
    ...(kindField !== undefined && { kindField }),
    ...(signal && { signal }),
  });
  if (data.pairs.length > 0)
    throw new UnsupportedError(`${path}: expected samples with one answer to draw examples from, got preferences; give their chosen answers as instructions`);
  onNote?.(`${data.training.length} samples to draw examples from, ${data.heldOut.length} held out; nothing is trained`);
  if (options.dryRun) return { folder, price: { steps: 0, tokens: 0, trainable: 0, seconds: 0, bytes: 0 }, data };
  await mkdir(folder, { recursive: true });
  using _held = await holdRun(folder);
  const asked = askedOf(data.heldOut);
  await using embedder = await openEmbedderApart({ threads });
  const messagesOf = await withExamples(data.training, asked, (texts) => embedder.embed(texts));
  const measure = {
    model,
    heldOut: data.heldOut,
    threads,
    seed,
    ...(signal && { signal }),
    onProgress: (stage: string, done: number, total: number) => onProgress?.({ stage, done, total }),
  };
  const started = performance.now();
  const before = await measureModel(join(folder, 'before.json'), measure);
  const after = await measureModel(join(folder, 'after.json'), { ...measure, messagesOf, weights: before.weights, knowledge: before.knowledge });
  const seconds = (performance.now() - started) / 1000;
  const result = runResult({
    name: basename(folder),
    path,
    base,
    recipe: { ...recipe, method: { ...recipe.method, kind: retrievedKind, options: { examples: 4, encoder: 'all-MiniLM-L6-v2' } } },
    origin: undefined,
    data,
    kept: undefined,
    trainable: 0,
    tokens: 0,
    seconds: 0,
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    price: { seconds, bytes: 0 },
    loss: [],
    heldOutLoss: undefined,
    before,
    after,
    experts: undefined,
    balance: undefined,
  });
  await writeWhole(join(folder, 'result.json'), [Buffer.from(`${JSON.stringify(result, null, 2)}\n`)]);
  await writeWhole(join(folder, 'report.html'), [Buffer.from(await adaptReport(result))]);
  return { folder, price: { steps: 0, tokens: 0, trainable: 0, seconds, bytes: 0 }, data, result };
};
