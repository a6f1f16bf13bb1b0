// What `lyceum adapt combine` does once its arguments are understood. It answers the exit code.
import { join, resolve } from 'node:path';
import { ConfigError } from '../../core/index.ts';
import { combinedKind } from '../../report/index.ts';
import { type CombinedTask, combineRuns } from '../adapt/combine-runs.ts';
import { cancellation } from './cancellation.ts';
import type { CommonOptions } from './options.ts';
import { progressLine } from './progress.ts';

export interface CombineFlags {
  readonly output?: string;
  readonly method?: string;
  readonly topK?: number;
  readonly temperature?: number;
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const print = (text: string): void => void process.stdout.write(`${text}\n`);

const tableOf = (tasks: readonly CombinedTask[]): string => {
  const rows = [
    ['task of', 'asked', 'base model', 'its own adapter', 'the mixture'],
    ...tasks.map(({ run, n, before, own, after }) => [run, String(n), percent(before), percent(own), percent(after)]),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ')).join('\n');
};

/** `lyceum adapt combine RUN RUN …`. */
export async function combine(
  runs: readonly string[],
  { output, method = combinedKind, topK, temperature }: CombineFlags,
  common: CommonOptions,
): Promise<number> {
  const { dir, threads, json, quiet } = common;
  if (method !== combinedKind)
    throw new ConfigError(
      `adapt combine: expected --method ${combinedKind}, which alone mixes finished runs, got ${method}; leave it out, or train with that one`,
    );
  using stop = cancellation('run the same command again: nothing is asked twice');
  const bar = progressLine({ quiet: quiet || json, unit: 'questions' });
  try {
    const { folder, result, tasks } = await combineRuns(runs, {
      runsDir: resolve(dir, 'runs'),
      threads,
      ...(output !== undefined && { output }),
      ...(topK !== undefined && { topK }),
      ...(temperature !== undefined && { temperature }),
      signal: stop.signal,
      onProgress: ({ stage, done, total }) => bar.update(done, total || undefined, stage),
      onNote: (message) => bar.note(message),
    });
    bar.stop();
    const { task, knowledge, experts, verdict } = result;
    const report = join(folder, 'report.html');
    print(
      json
        ? JSON.stringify({ method, task, knowledge, tasks, experts, adapter: join(folder, 'adapter'), report, verdict })
        : `${verdict}\n\n${tableOf(tasks)}\n\nthe report is ${report}; \`lyceum chat --adapter ${folder}\` talks with the mixture`,
    );
    return 0;
  } finally {
    bar.stop();
  }
}
