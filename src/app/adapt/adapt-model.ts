import { mkdir, readFile } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import {
  countSteps,
  expertUse,
  firstValues,
  heldOutLoss,
  type Recipe,
  type RecipeInput,
  recipeOf,
  saveAdapter,
  stepBytes,
  trainAdapter,
  trainingGraph,
} from '../../adapt/index.ts';
import { ConfigError, sizeOf } from '../../core/index.ts';
import { writeWhole } from '../../formats/index.ts';
import { type AdaptResult, adaptReport, parseAdaptResult, retrievedKind } from '../../report/index.ts';
import { CancelledError, describeMachine, openEngine } from '../../runtime/index.ts';
import { openRun } from '../../train/index.ts';
import { openBase } from '../language-model/open-base.ts';
import { type AdaptData, hashData, readAdaptData } from './adapt-data.ts';
import { keepAsked } from './asked.ts';
import { begunAt, describeRun, finishedRun } from './begun-run.ts';
import { fitMemory } from './fit-memory.ts';
import { holdRun } from './hold-run.ts';
import { lateSignal } from './late-signal.ts';
import { measureModel } from './measure-model.ts';
import { peakBytesOf } from './peak-memory.ts';
import { retrievedRun } from './retrieved-run.ts';
import { runResult } from './run-result.ts';
import { trainingClock } from './training-clock.ts';

export interface AdaptOptions extends RecipeInput {
  /** JSON Lines of samples, a text file, or a folder of texts. */
  readonly data: string;
  readonly model: string;
  /** Of the run; made anew, or gone on with. Default: by data and method below `runsDir`. */
  readonly output?: string;
  readonly runsDir: string;
  readonly evaluation?: string;
  readonly replayData?: string;
  readonly kindField?: string;
  readonly kindRules?: readonly { readonly pattern: string; readonly kind: string }[];
  readonly admit?: boolean;
  /** What the training process may take: activations are computed again where that is needed. */
  readonly memoryBytes?: number;
  readonly threads: number;
  /** Steps between checkpoints. Default: by time, 45 s. */
  readonly checkpointSteps?: number;
  /** Says what it would cost, and trains nothing. */
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
  /** How long the step under way may go on once the signal is aborted, so that a checkpoint is written of it. Default 400 ms. */
  readonly graceMs?: number;
  readonly onProgress?: (progress: AdaptProgress) => void;
  readonly onNote?: (message: string) => void;
}

export interface AdaptProgress {
  readonly stage: string;
  readonly done: number;
  readonly total: number;
  readonly loss?: number;
  readonly heldOut?: number;
  readonly perSecond?: number;
  readonly secondsLeft?: number;
}

/** What a run would take. */
export interface AdaptPrice {
  readonly steps: number;
  /** Tokens of all epochs. */
  readonly tokens: number;
  readonly trainable: number;
  readonly seconds: number;
  readonly bytes: number;
}

export interface AdaptOutcome {
  readonly folder: string;
  readonly price: AdaptPrice;
  readonly data: AdaptData;
  /** None of a dry run. */
  readonly result?: AdaptResult;
}

/** A step of frozen weights is a pass forward and about as much as two of them back. */
const stepPerForward = 3;
/** Libraries, the graph and what a session holds beside weights and activations, in bytes. */
const besidesBytes = 450e6;

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
    evaluation,
    replayData,
    kindField,
    kindRules,
    admit,
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
  const exactBytes = /vnni|dot|i8mm/i.test(describeMachine().instructionSet);
  recipeOf(asked, { exactBytes, layers: 1 }); // refuses what does not fit before anything is opened
  const stage = (name: string) => (done: number, total: number) => onProgress?.({ stage: name, done, total });
  stage('opening the model')(0, 0);
  const base = await openBase(model, { threads });
  const wanted = recipeOf(asked, { exactBytes, layers: base.source.member.config.layers });
  const folder = resolve(output ?? join(runsDir, `${basename(path, extname(path))}-${wanted.method.kind}`));
  const files = { data: path, ...(evaluation !== undefined && { evaluation }), ...(replayData !== undefined && { replayData }) };
  const how = { ...(kindField !== undefined && { kindField }), ...(kindRules && { kindRules }), ...(admit && { admit }) };
  const hashes = await hashData(wanted, { ...files, ...how });
  const now = (await begunAt(folder)) ?? new Date();
  const data = await readAdaptData(base, wanted, {
    ...files,
    now,
    ...how,
    ...(signal && { signal }),
    onProgress: stage('making tokens'),
  });
  describe(data, wanted, onNote);
  const steps = countSteps(data.texts, wanted);
  const described = { model: base, hashes, now, reading: { kindField, kindRules, admit } };
  const finished = dryRun ? undefined : await finishedRun(folder, { ...described, recipe: wanted });
  if (finished) {
    const { tokens, trainable, price } = finished;
    onNote?.(`${folder}: this run is over; remove the folder to train anew`);
    return { folder, price: { steps, tokens, trainable, ...price.estimated }, data, result: finished };
  }
  stage('preparing weights')(0, 0);
  const held = weightBytes(
    base.source.parameters.map(({ shape }) => sizeOf(shape) as number),
    wanted,
  );
  const recipe = memoryBytes === undefined ? wanted : await fitMemory(base, wanted, { bytes: memoryBytes, besides: besidesBytes + held });
  const { parameters } = await trainingGraph(base, { method: recipe.method, weights: recipe.weights });
  const trainable = parameters.reduce((sum, { shape }) => sum + (sizeOf(shape) as number), 0);
  const bytes = (await stepBytes(base, recipe)) + besidesBytes + held;
  if (!dryRun) await mkdir(folder, { recursive: true });
  using _held = dryRun ? undefined : await holdRun(folder);
  // The step and the held-out loss are never needed at once: whichever runs has the memory to itself.
  const alone = recipe.microRows === recipe.rows && { cacheBytes: 1 };
  await using engine = await openEngine({ process: true, threads, ...alone, ...(signal && { signal: lateSignal(signal, graceMs) }) });
  const own = { base, engine, recipe };
  stage('measuring the held-out loss')(0, 0);
  const first = await firstValues(base, recipe, parameters);
  const begun = performance.now();
  const lossBefore = await heldOutLoss({ ...own, texts: data.heldOutTexts, values: first });
  const heldOutTokens = data.heldOutTexts.reduce((sum, { ids }) => sum + ids.length, 0);
  const tokens = data.texts.reduce((sum, { ids }) => sum + ids.length, 0);
  const forwardSeconds = Math.max(0.1, (performance.now() - begun) / 1000 - 2) / heldOutTokens; // making the session takes about two
  const price: AdaptPrice = { steps, tokens: tokens * recipe.epochs, trainable, seconds: tokens * recipe.epochs * forwardSeconds * stepPerForward, bytes };
  onNote?.(
    `${recipe.method.kind}: ${trainable.toLocaleString('en')} trained parameters, ${steps} steps of ${recipe.rows} × ${recipe.length} tokens, about ${minutes(price.seconds)}, ${gigabytes(bytes)} of memory, frozen weights in ${recipe.weights}`,
  );
  if (dryRun) return { folder, price, data };

  await openRun(folder, describeRun({ ...described, recipe }), engine.info);
  await keepAsked(folder, options, steps);
  const measure = {
    model,
    heldOut: data.heldOut,
    threads,
    seed: recipe.seed,
    ...(signal && { signal }),
    onProgress: (name: string, done: number, total: number) => stage(name)(done, total),
  };
  const before = await measureModel(join(folder, 'before.json'), measure);
  const clock = await trainingClock(join(folder, 'seconds.json'));
  const trained = await trainAdapter({
    ...own,
    texts: data.texts,
    general: data.general,
    heldOut: data.heldOutTexts,
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
    training: { data: hashes, steps: trained.step, seed: recipe.seed, heldOutLoss: lossAfter },
  });
  const after = await measureModel(join(folder, 'after.json'), { ...measure, adapter });
  stage('writing the report')(0, 0);
  const experts = await expertUse({ ...own, texts: data.heldOutTexts, values: trained.values });
  const { loss, balance } = await lossCurve(folder, lossBefore.loss);
  const result = runResult({
    name: basename(folder),
    path,
    base,
    recipe,
    data,
    trainable,
    tokens: tokens * recipe.epochs,
    seconds,
    peakMemoryBytes: await peakBytesOf(engine.info.pid),
    price: { seconds: price.seconds, bytes: price.bytes },
    loss,
    heldOutLoss: { before: lossBefore.loss, after: lossAfter },
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

const minutes = (seconds: number): string => (seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} minutes`);
const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

/** What was understood, before anything is paid for it. */
const describe = (
  { read, classified, training, heldOut, contaminated, kinds: numbers, cut, refused, replay }: AdaptData,
  { method, against: { ewc, kl, localised } }: Recipe,
  note: ((message: string) => void) | undefined,
): void => {
  const shapes = Object.entries(read.shapes).map(([shape, count]) => `${count} ${shape}`);
  const kinds = Object.entries(read.kinds).map(([kind, count]) => `${kind} ${count}`);
  note?.(`${training.length} samples to learn (${shapes.join(', ')}${kinds.length > 0 ? `; kinds: ${kinds.join(', ')}` : ''}), ${heldOut.length} held out`);
  if (shapes.length > 1) note?.('the file mixes shapes; each sample is learnt by its own');
  const { groups } = (method.options['of'] ?? method.options) as { groups?: readonly number[] };
  const astray = groups && Object.keys(read.kinds).length > 0 ? [...numbers].filter(([number]) => number >= groups.length) : [];
  if (astray.length > 0)
    note?.(
      `kinds ${astray.map(([, name]) => name).join(', ')} have no group of experts of their own (${groups!.length} groups): their samples favour none; name more groups, as in --options '{"groups":[2,2,2]}'`,
    );
  for (const { file, line, reason } of read.skipped) note?.(`skipped ${file === undefined ? '' : `${file} `}line ${line}: ${reason}`);
  for (const [reason, own] of Map.groupBy(refused, (one) => one.reason)) {
    const named = own.slice(0, 8).map(({ id }) => id);
    note?.(`left out ${named.join(', ')}${own.length > named.length ? ` and ${own.length - named.length} more` : ''}: ${reason}`);
  }
  if (classified)
    note?.(
      `${classified.given} samples without a kind were given that of the samples they are most like, which is right for ${(100 * classified.right).toFixed(0)} % of those that have one`,
    );
  const twice = read.duplicates[0];
  if (twice) note?.(`samples that stand twice: ${read.duplicates.length}, as ${twice.of} in ${twice.id}; they are kept, and on one side of the split`);
  if (read.renamed.length > 0) note?.(`ids that stand twice: ${read.renamed.length}; the later samples are called ${read.renamed[0]!.now} and so on`);
  if (cut.length > 0) note?.(`samples that were cut to fit: ${cut.length}, as ${cut[0]}`);
  const seen = contaminated[0];
  if (seen)
    note?.(
      `held-out samples that also stand in the training data: ${contaminated.length}, as ${seen.evaluationId} in ${seen.trainingId}; their score says little`,
    );
  note?.(
    replay.source === null
      ? 'no general samples are replayed'
      : `${(100 * replay.share).toFixed(0)} % of the tokens are general ones, replayed against forgetting (${replay.source}); --replay 0 leaves them out`,
  );
  if (ewc) note?.(`what mattered to ${ewc.samples} general samples is held where it was (strength ${ewc.strength})`);
  if (kl)
    note?.(
      `general samples that make ${(100 * kl.share).toFixed(0)} % of the tokens besides are not learnt: what the model says of them is kept (strength ${kl.strength})`,
    );
  if (localised) note?.(`only blocks ${localised.blocks.join(', ')} are changed`);
};

/** Bytes of the frozen weights as a session holds them. */
const weightBytes = (sizes: readonly number[], { weights, method }: Recipe): number => {
  const count = sizes.reduce((a, b) => a + b, 0);
  if (weights === 'int8') return 4 * count * 0.25 + 4 * count * 0.25 + 2 * count; // forward and backward, their packed copies; the table as floats
  return method.kind === 'full' ? 16 * count : 4 * count;
};

interface Line {
  readonly step: number;
  readonly loss: number;
  readonly balance?: number;
  readonly dev?: { readonly loss: number };
  readonly seconds?: number;
}

const linesOf = async (folder: string): Promise<Line[]> =>
  (await readFile(join(folder, 'metrics.jsonl'), 'utf8'))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);

/** The curve of a run, thinned to what a plot can show; held-out points always. */
const lossCurve = async (folder: string, before: number): Promise<{ loss: AdaptResult['loss']; balance: number | undefined }> => {
  const lines = await linesOf(folder);
  const every = Math.max(1, Math.floor(lines.length / 300));
  const loss = lines.filter(({ dev }, i) => dev || i % every === 0).map(({ step, loss: train, dev }) => ({ step, train, ...(dev && { heldOut: dev.loss }) }));
  if (loss.length === 0) throw new ConfigError(`adapt ${folder}: expected a run with steps, got none; train longer`);
  return { loss: [{ ...loss[0]!, heldOut: before }, ...loss.slice(1)], balance: lines.at(-1)?.balance };
};
