import { mkdir } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import { recipeOf } from '../../adapt/index.ts';
import { ConfigError, UnsupportedError } from '../../core/index.ts';
import { writeWhole } from '../../formats/index.ts';
import { adaptReport, retrievedKind } from '../../report/index.ts';
import { openEngine } from '../../runtime/index.ts';
import { openRun } from '../../train/index.ts';
import { openBase } from '../language-model/open-base.ts';
import { openEmbedderApart } from '../open-embedder-apart.ts';
import { hashData, readAdaptData } from './adapt-data.ts';
import { type AdaptOptions, type AdaptOutcome, readingOf } from './adapt-options.ts';
import { keepAsked } from './asked.ts';
import { begunAt, describeRun, finishedRun } from './begun-run.ts';
import { describeData } from './describe-data.ts';
import { holdRun } from './hold-run.ts';
import { askedOf, measureModel } from './measure-model.ts';
import { withExamples } from './retrieve-examples.ts';
import { runResult } from './run-result.ts';

const longestRow = 8192; // tokens of a sample at most
/** Options that say how samples are read, where the run lies and who watches it. Any other is of training. */
const understood = new Set('data model output runsDir from evaluation kindField kindRules admit tooLong threads seed size method signal dryRun checkpointSteps graceMs onProgress onNote'.split(' ')); // biome-ignore format: a list

/**
 * The arm in which nothing is trained: held-out samples are asked with the training samples that are most like them in the prompt. What it can do says whether training is worth it; knowledge stays as it was.
 *
 * @throws as `adaptModel` · ConfigError for options of training
 */
export const retrievedRun = async (options: AdaptOptions): Promise<AdaptOutcome> => {
  const { data: path, model, output, runsDir, from, evaluation, threads, signal, onProgress, onNote } = options;
  if (from !== undefined)
    throw new ConfigError(
      `adapt: expected a method that is trained to start from ${from}, got ${retrievedKind}; leave --from out, or take the method of that run`,
    );
  const idle = Object.entries(options).flatMap(([name, value]) => (value === undefined || understood.has(name) ? [] : [name]));
  if (idle.length > 0)
    throw new ConfigError(`adapt: expected nothing of training with ${retrievedKind}, which trains nothing, got ${idle.join(', ')}; leave it out`);
  const folder = resolve(output ?? join(runsDir, `${basename(path, extname(path))}-${retrievedKind}`));
  const base = await openBase(model, { threads });
  // Samples are read as any method reads them.
  const { config } = base.source.member;
  const read = recipeOf(
    { method: 'lora', replay: 0, ...(options.seed !== undefined && { seed: options.seed }), length: Math.min(longestRow, config.positions) },
    { exactBytes: true, model: config },
  );
  const recipe = { ...read, method: { ...read.method, kind: retrievedKind, options: { examples: 4, encoder: 'all-MiniLM-L6-v2' } } };
  const files = { data: path, ...(evaluation !== undefined && { evaluation }) };
  const how = readingOf(options);
  const now = (await begunAt(folder)) ?? new Date();
  const hashes = await hashData(recipe, files);
  // Knowledge is asked without examples: what they say of the world does not matter.
  const data = { ...(await readAdaptData(base, recipe, { ...files, now, ...how, ...(signal && { signal }) })), contaminatedFacts: [] };
  if (data.pairs.length > 0)
    throw new UnsupportedError(`${path}: expected samples with one answer to draw examples from, got preferences; give their chosen answers as instructions`);
  describeData(data, recipe, onNote);
  onNote?.('nothing is trained: the samples to learn are those that examples are drawn from');
  const free = { steps: 0, tokens: 0, trainable: 0, seconds: 0, measuringSeconds: 0, bytes: 0, warning: null };
  if (options.dryRun) return { folder, price: free, data };
  const described = { recipe, model: base, hashes, now, origin: undefined, reading: how };
  const finished = await finishedRun(folder, described);
  if (finished) {
    onNote?.(`${folder}: this run is over; remove the folder to ask anew`);
    return { folder, price: { ...free, ...finished.price.estimated }, data, result: finished };
  }
  await mkdir(folder, { recursive: true });
  using _held = await holdRun(folder);
  await using engine = await openEngine({ process: true, threads, ...(signal && { signal }) });
  await openRun(folder, describeRun(described), engine.info);
  await keepAsked(folder, options, 0);
  const asked = askedOf(data.heldOut);
  await using embedder = await openEmbedderApart({ threads });
  const messagesOf = await withExamples(data.training, asked, (texts) => embedder.embed(texts));
  const measure = {
    model,
    heldOut: data.heldOut,
    threads,
    seed: recipe.seed,
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
    recipe,
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
  return { folder, price: { ...free, seconds }, data, result };
};
