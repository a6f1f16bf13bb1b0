import { basename, join, resolve } from 'node:path';
import { type BaseModel, type Method, openAdapted, readAdapterRecord, type Start } from '../../adapt/index.ts';
import { ConfigError } from '../../core/index.ts';
import { retrievedKind } from '../../report/index.ts';
import { readResult } from './read-result.ts';

/** A run that is over, from which another one starts. */
export interface Origin {
  /** As it was named. */
  readonly path: string;
  /** Of its folder. */
  readonly name: string;
  /** Of the file of its adapter's values. */
  readonly sha256: string;
  /** Folder of its adapter. */
  readonly adapter: string;
  readonly method: Method;
  readonly values: Start;
}

const short = (sha256: string): string => `${sha256.slice(0, 12)}…`;

/**
 * Opens what a run ended with, to start another from it.
 *
 * @throws NotFoundError where the folder holds no run that is over · ConfigError for one of another model, or without training · as `openAdapted`
 */
export const openOrigin = async (path: string, { name, sha256, source }: BaseModel): Promise<Origin> => {
  const { method } = await readResult(path);
  if (method.kind === retrievedKind)
    throw new ConfigError(`${path}: expected a run that trained something to start from, got one of ${retrievedKind}; start from another run`);
  const adapter = join(path, 'adapter');
  const trainedOn = (await readAdapterRecord(adapter))?.base;
  if (trainedOn && trainedOn.sha256 !== sha256)
    throw new ConfigError(
      `${path}: expected a run on ${name} with weights ${short(sha256)} to start from, got one on ${trainedOn.name} with weights ${short(trainedOn.sha256)}; take the model it was trained on, or another run`,
    );
  const opened = await openAdapted(adapter, source, { baseSha256: () => Promise.resolve(sha256) });
  return { path, name: basename(resolve(path)), sha256: opened.record!.weights.sha256, adapter, method: opened.method!, values: opened.values };
};

/** @throws ConfigError where a run is to train other parameters than the one it starts from, or to use them otherwise */
export const startsFrom = ({ path, method }: Pick<Origin, 'path' | 'method'>, wanted: Method): void => {
  const [had, now] = [settingsOf(method), settingsOf(wanted)];
  const differing = [...new Set([...Object.keys(now), ...Object.keys(had)])].filter((key) => said(now[key]) !== said(had[key]));
  if (differing.length === 0) return;
  const listed = (settings: Readonly<Record<string, unknown>>): string => differing.map((key) => `${key} ${said(settings[key])}`).join(', ');
  throw new ConfigError(
    `${path}: expected a run with ${listed(now)} to start from, got one with ${listed(had)}; train with the method and options of that run, or start from another`,
  );
};

/** The entries of weights that `fisher-masked` goes on with: those of the run it starts from. @throws ConfigError where that has none, or others are to be chosen */
export const entriesFrom = ({ path, method }: Pick<Origin, 'path' | 'method'>, options: object = {}): Record<string, string> => {
  const { entries } = settingsOf(method) as { entries?: Record<string, string> };
  if (!entries)
    throw new ConfigError(
      `${path}: expected a run with method fisher-masked to start from, got one with method ${said(settingsOf(method)['method'])}; take that method`,
    );
  if (Object.keys(options).length > 0)
    throw new ConfigError(
      `fisher-masked: expected no options beside a run to start from, whose entries are trained on, got ${Object.keys(options).join(', ')}; leave them out`,
    );
  return entries;
};

/** All that decides which parameters there are and what they do. What is dropped in training is no part of it. */
const settingsOf = ({ kind, options }: Method): Readonly<Record<string, unknown>> => {
  const { of = {}, ...own } = options as { of?: object };
  const { dropout: _, ...settings } = { method: kind, ...own, ...of } as Record<string, unknown>;
  return settings;
};

const said = (value: unknown): string => {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'none');
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
};
