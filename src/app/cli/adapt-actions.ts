// What `lyceum adapt …` does once its arguments are understood. Each answers the exit code.
import { join, resolve } from 'node:path';
import { ConfigError } from '../../core/index.ts';
import { type AdaptResult, compareReport, compareVerdict, type LearningMatrix, matrixVerdict, retrievedKind } from '../../report/index.ts';
import { adaptModel } from '../adapt/adapt-model.ts';
import { keepDocuments } from '../adapt/keep-documents.ts';
import { measureMatrix } from '../adapt/measure-matrix.ts';
import { overSeeds } from '../adapt/over-seeds.ts';
import { readResult } from '../adapt/read-result.ts';
import { boundHeap } from '../bound-heap.ts';
import { type AdapterFormat, exportAdapter } from '../export-adapter.ts';
import type { NumberType } from '../models/convert/number-type.ts';
import { megabytes } from '../models/pull/source.ts';
import { writeOutput } from '../write-output.ts';
import { type AdaptFlags, adaptOptionsOf } from './adapt-flags.ts';
import { cancellation } from './cancellation.ts';
import { matrixTable } from './matrix-table.ts';
import type { CommonOptions } from './options.ts';
import { progressLine } from './progress.ts';

const grouped = (count: number): string => count.toLocaleString('en');
const print = (text: string): void => void process.stdout.write(`${text}\n`);

/** `lyceum adapt DATA`. */
export async function adapt(named: string | undefined, flags: AdaptFlags, common: CommonOptions): Promise<number> {
  if (named !== undefined && flags.documents) throw new ConfigError(`adapt: expected data or --documents, got both; leave ${named} out, or --documents`);
  const data = flags.documents ? await keepDocuments(resolve(common.dir)) : named;
  if (data === undefined)
    throw new ConfigError('adapt: expected data to learn from, got none; name a JSON Lines file, a text file or a folder, or take --documents (see --help)');
  if (flags.model === undefined) throw new ConfigError('adapt: expected --model, got none; name a model that `lyceum models list` prints');
  if (common.device !== 'cpu') throw new ConfigError(`adapt: expected --device cpu, got ${common.device}; training works on the processor`);
  boundHeap();
  using stop = cancellation('run the same command again: it goes on from the last checkpoint');
  const quiet = common.quiet || common.json;
  let bar: { readonly stage: string; readonly line: ReturnType<typeof progressLine> } | undefined;
  const lineOf = (stage: string) => {
    if (bar?.stage !== stage) {
      bar?.line.stop();
      bar = { stage, line: progressLine({ quiet, unit: stage === 'training' ? 'steps' : 'done' }) };
    }
    return bar.line;
  };
  try {
    const {
      folder,
      price,
      data: used,
      result,
    } = await adaptModel({
      ...adaptOptionsOf(data, flags, common),
      signal: stop.signal,
      onProgress: ({ stage, done, total, loss, heldOut }) => {
        const figures = loss === undefined ? '' : `, loss ${loss.toFixed(3)}${heldOut === undefined ? '' : `, held out ${heldOut.toFixed(3)}`}`;
        lineOf(stage).update(done, total || undefined, `${stage}${figures}`);
      },
      onNote: (message) => (bar?.line ?? lineOf('')).note(message),
    });
    bar?.line.stop();
    const exit = used.read.skipped.length + used.refused.length > 0 ? 3 : 0;
    if (!result) {
      const { steps, tokens, trainable, seconds, bytes, warning } = price;
      const minutes = seconds / 60;
      print(
        common.json
          ? JSON.stringify({ steps, tokens, trainable, minutes, memoryBytes: Math.round(bytes), warning })
          : `${grouped(steps)} steps, ${grouped(tokens)} tokens, ${grouped(trainable)} trained parameters, about ${minutes.toFixed(1)} minutes, ${megabytes(bytes)} of memory\nnothing was trained; without --dry-run the run goes to ${folder}`,
      );
      return exit;
    }
    print(
      common.json
        ? JSON.stringify(documentOf(result, folder))
        : `${result.verdict}\nthe report is ${join(folder, 'report.html')}${result.method.kind === retrievedKind ? '' : `; \`lyceum chat --adapter ${folder}\` talks with the adapted model`}`,
    );
    return exit;
  } finally {
    bar?.line.stop();
  }
}

/** What `--json` prints: the contract's keys first, then all that the report shows. */
const documentOf = (result: AdaptResult, folder: string) => {
  const { method, trainable, tokens, seconds, task, knowledge, experts } = result;
  return {
    method: method.kind,
    trainable,
    tokens,
    seconds,
    task: task && { metric: task.metric, n: task.n, before: task.before, after: task.after },
    knowledge: knowledge && { metric: knowledge.metric, n: knowledge.n, before: knowledge.before, after: knowledge.after },
    experts: experts ?? null,
    adapter: method.kind === retrievedKind ? null : join(folder, 'adapter'),
    report: join(folder, 'report.html'),
    perplexityHeldOut: result.perplexityHeldOut,
    peakMemoryBytes: result.peakMemoryBytes,
    verdict: result.verdict,
  };
};

export interface CompareFlags {
  readonly output: string;
  readonly matrix?: boolean;
}

/** `lyceum adapt compare`. */
export async function compare(runs: readonly string[], { output, matrix: asStages }: CompareFlags, common: CommonOptions): Promise<number> {
  const { json, quiet } = common;
  const results = await Promise.all(runs.map(readResult));
  if (results.length < 2) throw new ConfigError(`adapt compare: expected two runs at least, got ${results.length}; name their folders`);
  const matrix = asStages ? await measured(runs, common) : undefined;
  const over = matrix ? undefined : await overSeeds(runs, results);
  const verdict = matrix ? matrixVerdict(matrix) : compareVerdict(results, over);
  await writeOutput(output, [await compareReport(results, { ...(matrix && { matrix }), ...(over && { overSeeds: over }) })]);
  if (json)
    print(
      JSON.stringify({
        verdict,
        report: resolve(output),
        runs: results.map(({ name, method, task, knowledge, perplexityHeldOut }) => ({ name, method: method.kind, task, knowledge, perplexityHeldOut })),
        ...(matrix && { matrix }),
        ...(over && { overSeeds: over }),
      }),
    );
  else print(matrix ? matrixTable(matrix) : verdict);
  if (!quiet && !json) process.stderr.write(`the comparison is ${resolve(output)}\n`);
  return 0;
}

const measured = async (runs: readonly string[], { threads, json, quiet }: CommonOptions): Promise<LearningMatrix> => {
  using stop = cancellation('run the same command again: nothing is asked twice');
  const bar = progressLine({ quiet: quiet || json, unit: 'questions' });
  try {
    return await measureMatrix(runs, { threads, signal: stop.signal, onProgress: ({ stage, done, total }) => bar.update(done, total || undefined, stage) });
  } finally {
    bar.stop();
  }
};

export interface ExportFlags {
  readonly format: AdapterFormat;
  readonly output?: string;
  readonly model?: string;
  readonly type?: NumberType;
  readonly force?: boolean;
}

/** `lyceum adapt export`. */
export async function exportRun(folder: string, { format, output, model, type, force }: ExportFlags, { json, quiet }: CommonOptions): Promise<number> {
  if (output === undefined) throw new ConfigError('adapt export: expected --output, got none; name the file or folder to write');
  using stop = cancellation('run the same command again');
  const bar = progressLine({ quiet: quiet || json, unit: 'tensors' });
  try {
    const made = await exportAdapter(folder, {
      format,
      out: output,
      model,
      type,
      ...(force && { force }),
      signal: stop.signal,
      onNote: (message) => bar.note(message),
      onProgress: (done, total, name) => bar.update(done, total, name),
    });
    bar.stop();
    print(json ? JSON.stringify(made) : `${made.output}: ${megabytes(made.sizeBytes)}, ${made.method} as ${format}`);
    return 0;
  } finally {
    bar.stop();
  }
}
