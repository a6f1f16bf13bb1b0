import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BaseModel, hashTrainingData, methodOf, readAdapterRecord, readSamples, type Sample } from '../../adapt/index.ts';
import { ConfigError, NotFoundError } from '../../core/index.ts';
import { type AdaptResult, combinedKind } from '../../report/index.ts';
import { type KeptAsked, readAsked } from './asked.ts';
import { readResult } from './read-result.ts';
import { type SplitData, type SplitOptions, splitData } from './split-data.ts';

/** A run as a stage of learning. */
export interface MatrixStage {
  readonly folder: string;
  readonly result: AdaptResult;
  /** Folder of its adapter. */
  readonly adapter: string;
  /** Of the adapter's values. */
  readonly sha256: string;
  readonly seed: number;
  /** Known by what its held-out samples come of: the same for the same samples. */
  readonly heldOut: string;
}

/** What of a run's `run.json` decides which samples it holds out. */
interface Described {
  readonly config: Pick<SplitOptions, 'kindField' | 'kindRules' | 'length' | 'seed'> & {
    readonly replay: number;
    readonly method: { readonly kind: string; readonly options: Readonly<Record<string, unknown>> };
  };
  readonly data: { readonly training: string; readonly evaluation?: string; readonly replay?: string };
}

const describedIn = async (folder: string): Promise<Described> => JSON.parse(await readFile(join(folder, 'run.json'), 'utf8')) as Described;

const splitOf = ({ config: { kindField, kindRules, length, seed, method } }: Described): Omit<SplitOptions, 'data' | 'evaluation'> => ({
  length,
  virtualTokens: methodOf(method.kind, method.options).virtualTokens ?? 0,
  seed,
  ...(kindField !== undefined && { kindField }),
  ...(kindRules && { kindRules }),
});

/**
 * Opens a run as a stage of learning.
 *
 * @throws NotFoundError where it is not over · ConfigError where it trained nothing, or its held-out samples cannot be asked
 */
export const openStage = async (folder: string): Promise<MatrixStage> => {
  const result = await readResult(folder);
  if (result.method.kind === combinedKind)
    throw new ConfigError(`${folder}: expected a run that learnt from samples of its own, got a mixture of finished runs (${combinedKind}); name those runs`);
  const adapter = join(folder, 'adapter');
  const record = await readAdapterRecord(adapter);
  if (!record)
    throw new ConfigError(`${folder}: expected a run with an adapter as a stage of learning, got one of ${result.method.kind} without; leave it out`);
  if (!result.task || !result.knowledge)
    throw new ConfigError(`${folder}: expected a run whose held-out samples can be asked, got plain texts, or a model without a chat template; leave it out`);
  const described = await describedIn(folder);
  const { training, evaluation } = described.data;
  const heldOut = createHash('sha256')
    .update(JSON.stringify([training, evaluation, splitOf(described)]))
    .digest('hex');
  return { folder, result, adapter, sha256: record.weights.sha256, seed: described.config.seed, heldOut };
};

/** What a run was asked for, with paths that lead to its files from here. @throws NotFoundError */
export const askedIn = async (folder: string): Promise<KeptAsked['asked']> => {
  const kept = await readAsked(folder);
  if (!kept)
    throw new NotFoundError(
      `${folder}: expected asked.json, with the way to its samples from here, got none; compare in the directory where the run was begun`,
    );
  return kept.asked;
};

/** The samples of a run, as it split them. @throws NotFoundError, ConfigError where its data is not there any more, or another */
export const stageSamples = async (base: BaseModel, { folder }: Pick<MatrixStage, 'folder'>): Promise<SplitData> => {
  const { data, evaluation } = await askedIn(folder);
  const described = await describedIn(folder);
  await sameFile(folder, data, described.data.training);
  if (evaluation !== undefined) await sameFile(folder, evaluation, described.data.evaluation);
  return splitData(base, { ...splitOf(described), data, ...(evaluation !== undefined && { evaluation }) });
};

/** The samples that a run held out. @throws as `stageSamples` */
export const heldOutSamples = async (base: BaseModel, stage: Pick<MatrixStage, 'folder'>): Promise<readonly Sample[]> =>
  (await stageSamples(base, stage)).heldOut;

/** General samples that a run replayed from a file of its own; those that ship with Lyceum are left out, which tell no fact that is asked for. @throws as `stageSamples` */
export const replayedSamples = async ({ folder }: Pick<MatrixStage, 'folder'>): Promise<readonly Sample[]> => {
  const { replayData } = await askedIn(folder);
  const { config, data } = await describedIn(folder);
  if (replayData === undefined || config.replay === 0) return [];
  await sameFile(folder, replayData, data.replay);
  return (await readSamples(replayData)).samples;
};

/** @throws ConfigError where a file of a run is another by now */
const sameFile = async (folder: string, path: string, sha256: string | undefined): Promise<void> => {
  if ((await hashTrainingData(path)) !== sha256)
    throw new ConfigError(`${path}: expected the samples of the run ${folder}, got others; put them back, or leave that run out`);
};
