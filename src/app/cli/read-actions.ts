// What `lyceum read` and `lyceum read train` do once their arguments are understood. Each answers the exit code.
import { readFile } from 'node:fs/promises';
import { ConfigError } from '../../core/index.ts';
import { parseTokens } from '../../evaluate/index.ts';
import type { Store } from '../../knowledge/index.ts';
import { predictDocuments } from '../predict.ts';
import { type ReadOutcome, readPaths as readIntoWorkspace } from '../read.ts';
import { openWorkspace } from '../workspace.ts';
import { writeOutput } from '../write-output.ts';
import { cancellation } from './cancellation.ts';
import type { CommonOptions } from './options.ts';
import { type ProgressLine, progressLine } from './progress.ts';

export interface ReadFlags {
  readonly reader?: string;
  readonly prune?: boolean;
  readonly wait?: boolean;
  readonly open?: boolean;
  readonly port?: number;
}

const readerOf = ({ threads, device, weights }: CommonOptions, reader: string | undefined) => ({
  threads,
  device,
  weights,
  ...(reader === undefined ? {} : { reader }),
});

export async function readPaths(paths: readonly string[], flags: ReadFlags, common: CommonOptions): Promise<number> {
  const code = await read(paths, flags, common);
  if (!flags.open || code === 130) return code;
  const { serveWorkbench } = await import('../open.ts');
  return (await serveWorkbench({ ...common, port: flags.port ?? 4747, host: '127.0.0.1', browser: true })) || code;
}

async function read(paths: readonly string[], flags: ReadFlags, common: CommonOptions): Promise<number> {
  const { json, quiet, dir } = common;
  using stop = cancellation('run the same command again: what is read is kept');
  const bar = progressLine({ quiet: quiet || json, unit: 'documents' });
  try {
    await using workspace = await openWorkspace({ dir, mode: 'write', ...(flags.wait ? { wait: true } : {}), signal: stop.signal });
    const outcome = await readIntoWorkspace(paths, {
      workspace,
      ...readerOf(common, flags.reader),
      ...(flags.prune ? { prune: true } : {}),
      signal: stop.signal,
      onProgress: ({ stage, done, total, current }) =>
        bar.update(done, total || undefined, stage === 'reading' ? (current ?? '') : stage === 'looking' ? 'looking at the files' : 'starting the reader'),
    });
    bar.stop();
    for (const { path, code, reason } of outcome.skipped) bar.note(`skipped ${path}: ${reason} (${code})`);
    for (const [path, messages] of warningsOf(outcome)) bar.note(`note: ${path}: ${messages.join('; ')}`);
    if (json) {
      const { result, skipped, warnings, gone } = outcome;
      process.stdout.write(`${JSON.stringify({ ...result, skipped, warnings, gone })}\n`);
    } else await printOutcome(outcome, workspace.store);
    return outcome.skipped.length > 0 ? 3 : 0;
  } finally {
    bar.stop();
  }
}

const plural = (count: number, one: string, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

/** Messages by document. */
function warningsOf({ warnings }: ReadOutcome): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { path, message } of warnings) found.set(path, [...(found.get(path) ?? []), message]);
  return found;
}

async function printOutcome(outcome: ReadOutcome, store: Store): Promise<void> {
  const { result, skipped, gone } = outcome;
  const noted = warningsOf(outcome).size;
  const lines: string[] = [];
  const { documents, sentences, mentions, relations, unchanged, removed, seconds, entities, facts } = result;
  lines.push(
    `read ${plural(documents, 'document')} in ${seconds.toFixed(1)} s: ${plural(sentences, 'sentence')}, ${plural(mentions, 'mention')}, ${plural(relations, 'relation')}` +
      `${unchanged > 0 ? `; ${unchanged} unchanged` : ''}${skipped.length > 0 ? `; ${skipped.length} skipped` : ''}${noted > 0 ? `; ${noted} with notes` : ''}${removed > 0 ? `; ${removed} removed` : ''}`,
    `the graph holds ${plural(entities, 'entity', 'entities')} and ${plural(facts, 'fact')}`,
  );
  for (const name of gone) lines.push(`gone: ${name}; --prune removes it from the graph`);
  const best = await store.facts({ limit: 10, sources: 1 });
  if (best.length > 0) lines.push('', 'best-supported facts:');
  for (const { subject, relation, object, support, sources } of best) {
    lines.push(`  ${subject.name}  ${relation}  ${object.name}   (${plural(support, 'sentence')})`);
    const source = sources[0];
    if (source)
      lines.push(`    “${source.text.replace(/\s+/g, ' ').trim()}”  ${source.documentName ?? ''}${source.page === null ? '' : `, page ${source.page}`}`);
  }
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** `lyceum read --predict IN --output OUT`. */
export async function predictFile(input: string, { output, reader }: { output?: string; reader?: string }, common: CommonOptions): Promise<number> {
  if (output === undefined) throw new ConfigError('read --predict: expected --output FILE, got none; predictions go to a file, written whole or not at all');
  using stop = cancellation('run the same command again');
  const documents = parseTokens(await readFile(input, 'utf8'), input);
  const bar = progressLine({ quiet: common.quiet || common.json, unit: 'documents' });
  const begun = performance.now();
  try {
    const lines = await predictDocuments(documents, {
      ...readerOf(common, reader),
      signal: stop.signal,
      onProgress: (done, total) => bar.update(done, total, 'predicting'),
    });
    await writeOutput(
      output,
      lines.map((line) => `${JSON.stringify(line)}\n`),
    );
  } finally {
    bar.stop();
  }
  const seconds = Number(((performance.now() - begun) / 1000).toFixed(3));
  if (common.json) process.stdout.write(`${JSON.stringify({ documents: documents.length, output, seconds })}\n`);
  else bar.note(`${plural(documents.length, 'document')} in ${seconds.toFixed(1)} s → ${output}`);
  return 0;
}

export interface TrainFlags {
  readonly data: string;
  readonly output: string;
  readonly preset: string;
  readonly tasks?: string;
  readonly tuning: string;
  readonly epochs?: number;
  readonly batch?: number;
  readonly encoder?: string;
  readonly encoderRate?: number;
  readonly headRate?: number;
  readonly evaluateEvery?: number;
  readonly dryRun?: boolean;
}

const goesOn = 'run the same command again: it goes on from the last checkpoint';

/** `lyceum read train`. */
export async function train({ data, output, encoder, dryRun, tasks, ...given }: TrainFlags, common: CommonOptions): Promise<number> {
  const { priceOfTraining, trainReader, trainingConfig } = await import('../../read/index.ts');
  const options = {
    ...given,
    seed: common.seed,
    ...(tasks === undefined ? {} : { tasks: tasks.split(',').map((name) => name.trim()) }),
  } as Parameters<typeof trainingConfig>[0];
  trainingConfig(options); // refuses what does not fit before anything is opened
  using stop = cancellation(goesOn);
  const job = { ...options, dataDir: data, threads: common.threads, signal: stop.signal, ...(encoder === undefined ? {} : { encoderDir: encoder }) };
  if (dryRun) return printPrice(await priceOfTraining(job), common);
  const bar = progressLine({ quiet: common.quiet || common.json, unit: 'steps' });
  try {
    const result = await trainReader({ ...job, outDir: output, device: common.device, ...shownBy(bar) });
    bar.stop();
    return ended(result, `the reader is in ${output}; \`lyceum read --reader ${output}\` uses it`, common, bar);
  } finally {
    bar.stop();
  }
}

export interface PretrainFlags {
  readonly data: string;
  readonly output: string;
  readonly epochs?: number;
  readonly limit?: number;
  readonly dryRun?: boolean;
}

/** `lyceum read pretrain`. */
export async function pretrain({ data, output, dryRun, ...given }: PretrainFlags, common: CommonOptions): Promise<number> {
  const { pretrainEncoder, priceOfPretraining } = await import('../../read/index.ts');
  using stop = cancellation(goesOn);
  const job = { ...given, seed: common.seed, data, threads: common.threads, signal: stop.signal };
  if (dryRun) return printPrice(await priceOfPretraining(job), common);
  const bar = progressLine({ quiet: common.quiet || common.json, unit: 'steps' });
  try {
    const result = await pretrainEncoder({ ...job, outDir: output, device: common.device, ...shownBy(bar) });
    bar.stop();
    const { before, after } = result.heldOut ?? {};
    const learnt = before && after ? `held-out loss ${before.loss.toFixed(2)} → ${after.loss.toFixed(2)}, right guesses ${percent(after.accuracy)}; ` : '';
    return ended(result, `${learnt}the encoder is in ${output}; \`lyceum read train --encoder ${output}\` begins with it`, common, bar);
  } finally {
    bar.stop();
  }
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

const shownBy = (bar: ProgressLine) => ({
  onProgress: ({ step, steps, epoch, loss }: { step: number; steps: number; epoch: number; loss: number }) =>
    bar.update(step, steps, `epoch ${epoch}, loss ${loss.toFixed(2)}`),
  onNote: (message: string) => bar.note(message),
});

function ended(result: { ended: string; step: number }, done: string, { json }: CommonOptions, bar: ProgressLine): number {
  const cancelled = result.ended === 'cancelled';
  if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
  else if (cancelled) bar.note(`stopped after step ${result.step}; run the same command again: it goes on from there`);
  else process.stdout.write(`${result.ended} after ${result.step} steps; ${done}\n`);
  return cancelled ? 130 : 0;
}

function printPrice(price: { steps: number; secondsPerStep: number; minutes: number; memoryBytes: number }, { json }: CommonOptions): number {
  const { steps, secondsPerStep, minutes, memoryBytes } = price;
  const line = json
    ? JSON.stringify({ steps, secondsPerStep, minutes, memoryBytes })
    : `${steps} steps of ${secondsPerStep.toFixed(2)} s, measured just now: about ${Math.ceil(minutes)} minutes, ${(memoryBytes / 1e9).toFixed(1)} GB of memory`;
  process.stdout.write(`${line}\n`);
  return 0;
}
