import { readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { writeWhole } from '../../formats/index.ts';
import type { AdaptOptions } from './adapt-options.ts';

const beside = ['output', 'runsDir', 'threads', 'checkpointSteps', 'dryRun', 'signal', 'graceMs', 'onProgress', 'onNote'] as const;
/** What a run was asked for, without where it lies, who watches it and how it is stopped. */
export type Asked = Omit<AdaptOptions, (typeof beside)[number]>;

export interface KeptAsked {
  readonly asked: Asked;
  readonly threads: number;
  /** Steps of the whole run. */
  readonly steps: number;
}

const format = 1;

const askedOf = (options: AdaptOptions): Asked =>
  Object.fromEntries(Object.entries(options).filter(([name]) => !(beside as readonly string[]).includes(name))) as unknown as Asked;

/** Writes `asked.json` into a run's folder, so that others than the one who began it can go on with it. */
export const keepAsked = (folder: string, options: AdaptOptions, steps: number): Promise<void> =>
  writeWhole(join(folder, 'asked.json'), [
    Buffer.from(`${JSON.stringify({ format, directory: process.cwd(), threads: options.threads, steps, asked: askedOf(options) }, null, 2)}\n`),
  ]);

/** What a run was asked for; undefined where nobody wrote it down, or with paths that lead elsewhere from this directory. */
export const readAsked = async (folder: string): Promise<KeptAsked | undefined> => {
  const text = await readFile(join(folder, 'asked.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const kept = JSON.parse(text) as KeptAsked & { readonly format: number; readonly directory: string };
  if (kept.format !== format) return undefined;
  const { data, from, evaluation, replayData } = kept.asked;
  const isHere = kept.directory === process.cwd() || [data, from, evaluation, replayData].every((path) => path === undefined || isAbsolute(path));
  return isHere ? { asked: kept.asked, threads: kept.threads, steps: kept.steps } : undefined;
};
