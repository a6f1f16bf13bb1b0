import { copyFile, mkdir, rename, stat } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import { ConfigError, NotFoundError } from '../../core/index.ts';
import type { JobProgress } from '../jobs.ts';
import type { AdaptRequest } from '../server/adapt-schema.ts';
import type { Adapting, NamedRun } from '../server/index.ts';
import { adaptModelApart, combineRunsApart, lookAtDataApart, measureMatrixApart } from './adapt-apart.ts';
import type { TeachingNews } from './adapt-child.ts';
import type { AdaptOptions } from './adapt-options.ts';
import { type Asked, readAsked } from './asked.ts';
import { combinedName } from './combined-name.ts';
import { keepDocuments, trainingPlace } from './keep-documents.ts';
import { listRuns, showRun } from './list-runs.ts';
import { isNamedSetting, recipeOfNamed } from './named-settings.ts';
import { readResult } from './read-result.ts';

export interface LocalAdaptingOptions {
  /** Of the workspace. */
  readonly dir: string;
  readonly threads: number;
  readonly sample?: string;
}

interface Named extends NamedRun {
  readonly asked: Omit<AdaptOptions, 'signal' | 'onProgress' | 'onNote' | 'dryRun'>;
}

/** Teaches models in a workspace, each run in a process of its own. */
export const localAdapting = ({ dir, threads, sample }: LocalAdaptingOptions): Adapting => {
  const runsDir = resolve(dir, 'runs');
  /** Requests of this server by run, for a run has no file until its model is open. */
  const begun = new Map<string, string>();
  const folderOf = (name: string): string => join(runsDir, name);
  const named = (name: string, asked: Asked, own = threads): Named => ({ name, asked: { ...asked, runsDir, output: folderOf(name), threads: own } });

  return {
    ...(sample !== undefined && { sample }),
    async keep({ path, name, sha256 }) {
      const home = resolve(trainingPlace(dir, sha256));
      const kept = join(home, name);
      if (await exists(kept)) return kept;
      await mkdir(home, { recursive: true });
      await copyFile(path, `${kept}.part`);
      await rename(`${kept}.part`, kept);
      return kept;
    },
    documents: () => keepDocuments(resolve(dir)),
    look: (path, { model, kindField }, signal) =>
      lookAtDataApart(path, { ...(model !== undefined && { model }), ...(kindField !== undefined && { kindField }) }, signal).catch((error: unknown) => {
        // The place where a dropped file is kept is nobody's business.
        if (error instanceof Error) error.message = error.message.replaceAll(path, basename(path));
        throw error;
      }),
    async name(request) {
      const asked = { ...optionsOf(request), ...(request.from !== undefined && { from: await this.finished(request.from) }) };
      const wanted = JSON.stringify(asked);
      const first = request.name ?? `${basename(request.data, extname(request.data)).replace(/^\.+/, '') || 'data'}-${request.method}`;
      for (let count = 1; ; count++) {
        const name = count === 1 ? first : `${first}-${count}`;
        const other = begun.get(name) ?? (await requestOf(folderOf(name)));
        if (other !== undefined && other !== wanted && request.name === undefined) continue;
        return named(name, asked);
      }
    },
    async again(name) {
      const { resumable, state } = await showRun(runsDir, name);
      if (state === 'finished') throw new ConfigError(`runs: expected a run that is not over, got ${name}; read its report`);
      const kept = resumable ? await readAsked(folderOf(name)) : undefined;
      if (!kept) throw new ConfigError(`runs: expected a run that says what it was asked for, got ${name}; go on with it by the command that began it`);
      return named(name, kept.asked, kept.threads);
    },
    async teach({ name, asked }, { dryRun, signal, onProgress }) {
      const { runsDir: _, output: __, threads: ___, ...request } = asked as Named['asked'];
      if (!dryRun) begun.set(name, JSON.stringify(request));
      try {
        return await adaptModelApart({ ...(asked as Named['asked']), ...(dryRun && { dryRun }) }, { signal, onNews: (news) => onProgress(progressOf(news)) });
      } finally {
        if (!dryRun) begun.delete(name);
      }
    },
    combinedName: ({ name, runs }) => name ?? combinedName(runs),
    async combine(request, { signal, onProgress }) {
      const { runs, topK, temperature } = request;
      const folders = await Promise.all(runs.map((run) => this.finished(run)));
      const mixing = { ...(topK !== undefined && { topK }), ...(temperature !== undefined && { temperature }) };
      const options = { runsDir, output: folderOf(this.combinedName(request)), threads, ...mixing };
      return combineRunsApart(folders, options, { signal, onNews: (news) => onProgress(progressOf(news)) });
    },
    runs: () => listRuns(runsDir),
    run: (name) => showRun(runsDir, name),
    async finished(name) {
      const { state } = await showRun(runsDir, name);
      if (state !== 'finished') throw new NotFoundError(`runs: expected a run that is over, got ${name}; let it finish first`);
      return folderOf(name);
    },
    async compare(names, { matrix: wanted }) {
      const { compareReport } = await import('../../report/index.ts');
      const folders = await Promise.all(names.map((name) => this.finished(name)));
      const results = await Promise.all(folders.map(readResult));
      if (wanted) return compareReport(results, { matrix: await this.matrix(names) });
      const { overSeeds } = await import('./over-seeds.ts');
      const over = await overSeeds(folders, results);
      return compareReport(results, over && { overSeeds: over });
    },
    async measureMatrix(names, { signal, onProgress }) {
      const folders = await Promise.all(names.map((name) => this.finished(name)));
      return measureMatrixApart(folders, threads, { signal, onNews: (news) => onProgress(progressOf(news)) });
    },
    async matrix(names) {
      const { knownMatrix } = await import('./measure-matrix.ts');
      const matrix = await knownMatrix(await Promise.all(names.map((name) => this.finished(name))));
      if (!matrix)
        throw new NotFoundError(`runs: expected a matrix of ${names.join(', ')} that is measured, got one with scores missing; POST /api/adapt/matrix first`);
      return matrix;
    },
  };
};

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** The request of the run in a folder, to be compared; '' where it has none; undefined where there is no run. */
const requestOf = async (folder: string): Promise<string | undefined> => {
  if (!(await exists(join(folder, 'run.json')))) return undefined;
  const kept = await readAsked(folder).catch(() => undefined);
  return kept ? JSON.stringify(kept.asked) : '';
};

const optionsOf = ({ name: _, dryRun: __, from: ___, ...request }: AdaptRequest): Asked => {
  const plain = Object.entries(request).filter(([key, value]) => value !== undefined && !isNamedSetting(key));
  return { ...(Object.fromEntries(plain) as unknown as Asked), ...recipeOfNamed({ ...request, options: request.options as Asked['options'] }) };
};

const progressOf = ({ progress, heldOutStep, note }: TeachingNews): JobProgress => {
  const { stage = 'starting', done = 0, total = 0, perSecond, secondsLeft, loss, heldOut } = progress ?? {};
  const finite = (value: number | undefined): number | null => (value !== undefined && Number.isFinite(value) ? value : null);
  return {
    stage,
    done,
    total,
    current: note ?? null,
    perSecond: finite(perSecond),
    secondsLeft: finite(secondsLeft),
    figures: { ...(loss !== undefined && { loss }), ...(heldOut !== undefined && { heldOut }), ...(heldOutStep !== undefined && { heldOutStep }) },
  };
};
