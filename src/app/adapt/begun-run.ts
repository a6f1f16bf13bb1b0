import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Recipe } from '../../adapt/index.ts';
import { type AdaptResult, parseAdaptResult } from '../../report/index.ts';
import type { RunDescription } from '../../train/index.ts';

export interface DescribedRun {
  readonly recipe: Recipe;
  readonly model: { readonly name: string; readonly sha256: string };
  /** SHA-256 of what is read, by what it is for. */
  readonly hashes: Readonly<Record<string, string>>;
  /** What a chat template that tells the date is told. */
  readonly now: Date;
  /** The run it starts from, where there is one. */
  readonly origin: { readonly name: string; readonly sha256: string } | undefined;
  /** How the data was read, where that was said: kinds, what is let in; JSON. */
  readonly reading: Readonly<Record<string, unknown>>;
}

/** What a run is, as `run.json` holds it: files by their contents and not by their names, so that they may move. */
export const describeRun = ({ recipe, model, hashes, now, origin, reading }: DescribedRun): RunDescription => {
  const { method, ...settings } = recipe;
  return {
    kind: 'adapt',
    config: {
      method: { kind: method.kind, options: method.options },
      ...settings,
      model: model.name,
      ...(origin && { from: origin.name }),
      ...reading,
      now: now.toISOString(),
    },
    data: { ...hashes, model: model.sha256, ...(origin && { from: origin.sha256 }) },
    seed: recipe.seed,
  };
};

const textIn = (folder: string, name: string): Promise<string | undefined> =>
  readFile(join(folder, name), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
    return undefined;
  });

const begunConfig = async (folder: string): Promise<{ readonly now?: unknown; readonly recomputed?: unknown }> => {
  const text = await textIn(folder, 'run.json');
  return text === undefined ? {} : ((JSON.parse(text) as { config?: object }).config ?? {});
};

/** When the run in a folder was begun; undefined where none was. */
export const begunAt = async (folder: string): Promise<Date | undefined> => {
  const { now } = await begunConfig(folder);
  return typeof now === 'string' ? new Date(now) : undefined;
};

/** How many blocks the run in a folder computes again; undefined where none was begun. */
export const begunRecomputed = async (folder: string): Promise<number | undefined> => {
  const { recomputed } = await begunConfig(folder);
  return typeof recomputed === 'number' ? recomputed : undefined;
};

/** The result of a run that is over, if the folder holds it and the run is the one described. How it was fitted into memory does not count: nothing is computed any more. */
export const finishedRun = async (folder: string, run: DescribedRun): Promise<AdaptResult | undefined> => {
  const [begun, result] = [await textIn(folder, 'run.json'), await textIn(folder, 'result.json')];
  if (begun === undefined || result === undefined) return undefined;
  const found = JSON.parse(begun) as RunDescription;
  return sameRun(found, describeRun(run)) ? parseAdaptResult(JSON.parse(result) as never) : undefined;
};

const sameRun = (a: RunDescription, b: RunDescription): boolean => essence(a) === essence(b);
const essence = ({ kind, config, data, seed }: RunDescription): string =>
  JSON.stringify([kind, { ...(config as object), microRows: 0, recomputed: 0 }, data, seed]);
