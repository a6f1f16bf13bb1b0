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

const begunIn = async (folder: string): Promise<RunDescription | undefined> => {
  const text = await textIn(folder, 'run.json');
  return text === undefined ? undefined : (JSON.parse(text) as RunDescription);
};

/** When the run in a folder was begun; undefined where none was. */
export const begunAt = async (folder: string): Promise<Date | undefined> => {
  const { now } = ((await begunIn(folder))?.config ?? {}) as { readonly now?: unknown };
  return typeof now === 'string' ? new Date(now) : undefined;
};

/** How a run was fitted into memory: rows computed at once, and blocks whose activations are computed again. */
export type Fit = Pick<Recipe, 'microRows' | 'recomputed'>;

/** How the run in a folder was fitted into memory, if it is the one described but for that; undefined where none was begun, or another. */
export const begunFit = async (folder: string, run: DescribedRun): Promise<Fit | undefined> => {
  const found = await begunIn(folder);
  if (!found || !sameRun(found, describeRun(run))) return undefined;
  const { microRows, recomputed } = found.config as unknown as Fit;
  return { microRows, recomputed };
};

/** The result of a run that is over, if the folder holds it and the run is the one described. How it was fitted into memory does not count: nothing is computed any more. */
export const finishedRun = async (folder: string, run: DescribedRun): Promise<AdaptResult | undefined> => {
  const [found, result] = [await begunIn(folder), await textIn(folder, 'result.json')];
  if (found === undefined || result === undefined) return undefined;
  return sameRun(found, describeRun(run)) ? parseAdaptResult(JSON.parse(result) as never) : undefined;
};

const sameRun = (a: RunDescription, b: RunDescription): boolean => essence(a) === essence(b);
const essence = ({ kind, config, data, seed }: RunDescription): string =>
  JSON.stringify([kind, { ...(config as object), microRows: 0, recomputed: 0 }, data, seed]);

/**
 * What the run in a folder is but for its seed: the same text for runs with one recipe on one model and the same samples. When it was begun, how it was fitted into memory and what files are called does not count, nor entries of
 * weights that the samples chose. undefined where the folder does not say.
 */
export const seedlessRun = async (folder: string): Promise<{ readonly text: string; readonly seed: number } | undefined> => {
  const found = await begunIn(folder).catch(() => undefined);
  if (!found) return undefined;
  const chosen = await textIn(folder, 'entries.json').catch(() => undefined);
  const config = found.config as Readonly<Record<string, unknown>>;
  const method = chosen === undefined ? config['method'] : [(JSON.parse(chosen) as { readonly of: string }).of];
  const still = { seed: 0, now: '', model: '', from: '', microRows: 0, recomputed: 0 };
  return { text: JSON.stringify([found.kind, { ...config, ...still, method }, found.data]), seed: found.seed };
};
