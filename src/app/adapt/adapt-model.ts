import { mkdir } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import { countSteps, expertUse, firstValues, openHeldOut, planStep, recipeOf, saveAdapter, trainAdapter } from '../../adapt/index.ts';
import { ConfigError, sizeOf } from '../../core/index.ts';
import { writeWhole } from '../../formats/index.ts';
import { adaptReport, parseAdaptResult, retrievedKind } from '../../report/index.ts';
import { CancelledError, openEngine } from '../../runtime/index.ts';
import { openRun } from '../../train/index.ts';
import { openBase } from '../language-model/open-base.ts';
import { exactIn32Bits } from '../language-model/weights.ts';
import { hashData, readAdaptData } from './adapt-data.ts';
import { type AdaptOptions, type AdaptOutcome, type AdaptPrice, readingOf } from './adapt-options.ts';
import { keepAsked } from './asked.ts';
import { begunAt, begunFit, describeRun, finishedRun } from './begun-run.ts';
import { chooseEntries, choosesEntries } from './choose-entries.ts';
import { describeData } from './describe-data.ts';
import { memoryWarning, sessionBytes, usualWarning } from './fit-memory.ts';
import { fitRecipe } from './fit-recipe.ts';
import { floatLoss } from './float-loss.ts';
import { holdRun } from './hold-run.ts';
import { lateSignal } from './late-signal.ts';
import { lossCurve } from './loss-curve.ts';
import { measureModel, measuringTokens } from './measure-model.ts';
import { entriesFrom, openOrigin, startsFrom } from './origin.ts';
import { peakBytesOf } from './peak-memory.ts';
import { retrievedRun } from './retrieved-run.ts';
import { runResult } from './run-result.ts';
import { trainingClock } from './training-clock.ts';

/** A step of frozen weights is a pass forward and about as much as two of them back. */
const stepPerForward = 3;
const minutes = (seconds: number): string => (seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} minutes`);
const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

/**
 * Teaches a model from data and ends with a report of what was gained and lost; with the method `retrieved` nothing is trained, see `retrievedRun`. The same call goes on after it was cancelled or killed, and answers at once when the run is over.
 *
 * @throws as `readAdaptData`, `recipeOf` and `trainAdapter` · BusyError where another process trains there · CancelledError where the signal ended it: what was done is kept
 */
export const adaptModel = async (options: AdaptOptions): Promise<AdaptOutcome> => {
  if (options.method === retrievedKind) return retrievedRun(options);
  const {
    data: path,
    model,
    output,
    runsDir,
    from,
    evaluation,
    replayData,
    kindField: _field,
    kindRules: _rules,
    admit: _admit,
    tooLong: _tooLong,
    memoryBytes,
    threads,
    checkpointSteps,
    dryRun,
    signal,
    graceMs = 400,
    onProgress,
    onNote,
    ...asked
  } = options;
  const exactBytes = exactIn32Bits();
  const masks = choosesEntries(asked);
  const readBy = masks ? { ...asked, method: 'full', options: {} } : asked;
  recipeOf(readBy, { exactBytes }); // refuses what does not fit before anything is opened
  const stage = (name: string) => (done: number, total: number) => onProgress?.({ stage: name, done, total });
  stage('opening the model')(0, 0);
  const base = await openBase(model, { threads });
  const { config } = base.source.member;
  const origin = from === undefined ? undefined : await openOrigin(from, base);
  const chooses = masks && !origin;
  const settled = masks && origin ? { ...asked, options: { entries: entriesFrom(origin, asked.options) } } : asked;
  const given = recipeOf(chooses ? readBy : settled, { exactBytes, model: config });
  if (origin) startsFrom(origin, given.method);
  const folder = resolve(output ?? join(runsDir, `${basename(path, extname(path))}-${asked.method ?? given.method.kind}`));
  if (from !== undefined && resolve(from) === folder)
    throw new ConfigError(`adapt: expected a folder of its own for the run, got ${folder}, from which it starts; name another with --output`);
  const files = { data: path, ...(evaluation !== undefined && { evaluation }), ...(replayData !== undefined && { replayData }) };
  const how = readingOf(options);
  const hashes = await hashData(given, files);
  const now = (await begunAt(folder)) ?? new Date();
  const data = await readAdaptData(base, given, {
    ...files,
    now,
    ...how,
    ...(signal && { signal }),
    onProgress: stage('making tokens'),
  });
  const pairs = data.pairs.length > 0;
  describeData(data, given, onNote);
  if (origin) onNote?.(`starts from what ${origin.name} learnt (${origin.path})`);
  const entries = async (): Promise<Record<string, string>> => {
    const looking = stage('looking for the weights that matter');
    looking(0, 0);
    if (!dryRun) await mkdir(folder, { recursive: true });
    const kept = dryRun ? undefined : { file: join(folder, 'entries.json'), of: hashes };
    return await chooseEntries(kept, base, data.own, { options: asked.options, seed: given.seed, threads, signal, onProgress: looking });
  };
  const wanted = recipeOf(chooses ? { ...asked, options: { entries: await entries() } } : settled, { exactBytes, model: config, pairs });
  const steps = countSteps(data.texts, wanted, data.pairs);
  const described = { model: base, hashes, now, origin, reading: how };
  const finished = dryRun ? undefined : await finishedRun(folder, { ...described, recipe: wanted });
  if (finished) {
    const { tokens, trainable, price } = finished;
    onNote?.(`${folder}: this run is over; remove the folder to train anew`);
    return { folder, price: { steps, tokens, trainable, ...price.estimated, measuringSeconds: 0, warning: null }, data, result: finished };
  }
  stage('preparing weights')(0, 0);
  const begunAs = await begunFit(folder, { ...described, recipe: wanted });
  const { recipe, besides, fits } = await fitRecipe(base, wanted, { asked, memoryBytes, begun: begunAs, pairs, onNote });
  const { parameters, peakBytes, nodes } = await planStep(base, recipe, pairs);
  const trainable = parameters.reduce((sum, { shape }) => sum + (sizeOf(shape) as number), 0);
  const bytes = peakBytes + besides;
  const free = process.availableMemory(); // before any of it is taken
  if (!dryRun) await mkdir(folder, { recursive: true });
  using _held = dryRun ? undefined : await holdRun(folder);
  const cacheBytes = sessionBytes(base, recipe, nodes);
  const late = signal && { signal: lateSignal(signal, graceMs) };
  await using engine = await openEngine({ process: true, threads, cacheBytes, ...late });
  const own = { base, engine, recipe, ...(origin && { start: origin.values }) };
  stage('measuring the held-out loss')(0, 0);
  const first = await firstValues(base, recipe, parameters, origin?.values);
  await using judge = await openHeldOut({ ...own, texts: data.heldOutTexts, pairs: data.heldOutPairs });
  const begun = performance.now();
  const lossBefore = await judge.given(first);
  const judgedMs = performance.now() - begun;
  const judgedTexts = [...data.heldOutTexts, ...data.heldOutPairs.flatMap(({ chosen, rejected }) => [chosen, rejected])];
  const heldOutTokens = judgedTexts.reduce((sum, { ids }) => sum + ids.length, 0);
  const { tokens } = data;
  const forwardSeconds = judgedMs / 1000 / heldOutTokens;
  const tokensLearnt = tokens * recipe.epochs;
  const warning = memoryWarning(bytes, free, memoryBytes !== undefined) ?? (fits ? null : usualWarning(bytes, besides));
  const trainingSeconds = tokensLearnt * forwardSeconds * stepPerForward;
  const measuringSeconds = forwardSeconds * (await measuringTokens(base.tokenizer, data.heldOut, recipe.seed));
  const price: AdaptPrice = { steps, tokens: tokensLearnt, trainable, seconds: trainingSeconds + measuringSeconds, measuringSeconds, bytes, warning };
  onNote?.(
    `${recipe.method.kind}: ${trainable.toLocaleString('en')} trained parameters, ${steps} steps of ${recipe.rows} × ${recipe.length} tokens, about ${minutes(trainingSeconds)} and ${minutes(measuringSeconds)} to measure before and after, ${gigabytes(bytes)} of memory, frozen weights in ${recipe.weights}`,
  );
  if (warning !== null) onNote?.(warning);
  if (dryRun) return { folder, price, data };

  await openRun(folder, describeRun({ ...described, recipe }), engine.info);
  await keepAsked(folder, options, steps);
  // Pairs cost the same before training, whatever weights they are measured beside.
  const compares = recipe.weights === 'int8' && !pairs;
  if (compares) stage('judging beside float weights')(0, 0);
  const floats = compares ? await floatLoss(join(folder, 'float-loss.json'), { ...own, texts: data.heldOutTexts, threads, ...late }, first) : undefined;
  const measure = {
    model,
    heldOut: data.heldOut,
    threads,
    seed: recipe.seed,
    ...(signal && { signal }),
    onProgress: (name: string, done: number, total: number) => stage(name)(done, total),
  };
  const before = await measureModel(join(folder, 'before.json'), { ...measure, ...(origin && { adapter: origin.adapter }) });
  const clock = await trainingClock(join(folder, 'seconds.json'));
  const trained = await trainAdapter({
    ...own,
    texts: data.texts,
    pairs: data.pairs,
    general: data.general,
    judge,
    folder,
    ...(checkpointSteps !== undefined && { checkpointSteps }),
    ...(signal && { signal }),
    ...(onNote && { onNote }),
    onProgress: ({ step, steps: all, loss, stepsPerSecond, secondsLeft, verdict }) => {
      clock.tick();
      onProgress?.({
        stage: 'training',
        done: step,
        total: all,
        loss,
        perSecond: stepsPerSecond,
        secondsLeft,
        ...(verdict && { heldOut: verdict.metrics['loss']! }),
      });
    },
  });
  const seconds = await clock.stop();
  if (trained.ended === 'cancelled') throw new CancelledError('adapt: cancelled; the same command goes on from the last checkpoint');
  const adapter = join(folder, 'adapter');
  const lossAfter = -trained.best!.score;
  await saveAdapter(adapter, {
    method: recipe.method,
    values: trained.values,
    source: base.source,
    base: { name: base.name, sha256: base.sha256 },
    training: {
      data: hashes,
      ...(origin && { from: { name: origin.name, sha256: origin.sha256 } }),
      steps: trained.step,
      seed: recipe.seed,
      heldOutLoss: lossAfter,
    },
  });
  const after = await measureModel(join(folder, 'after.json'), { ...measure, adapter, weights: before.weights });
  stage('writing the report')(0, 0);
  const experts = await expertUse({ ...own, texts: [...judgedTexts, ...data.generalShown], values: trained.values });
  const { loss, balance } = await lossCurve(folder, lossBefore.loss);
  const result = runResult({
    name: basename(folder),
    path,
    base,
    recipe,
    origin,
    data,
    kept: { weights: recipe.keep, epoch: trained.best!.epoch },
    trainable,
    tokens: tokensLearnt,
    seconds,
    peakMemoryBytes: await peakBytesOf(engine.info.pid),
    price: { seconds: trainingSeconds, bytes: price.bytes },
    loss,
    heldOutLoss: { before: lossBefore.loss, after: lossAfter },
    ...(floats !== undefined && { floatLoss: floats }),
    before,
    after,
    experts,
    balance,
  });
  parseAdaptResult(JSON.parse(JSON.stringify(result)) as never);
  await writeWhole(join(folder, 'result.json'), [Buffer.from(`${JSON.stringify(result, null, 2)}\n`)]);
  await writeWhole(join(folder, 'report.html'), [Buffer.from(await adaptReport(result))]);
  return { folder, price, data, result };
};
