import { ConfigError } from '../core/index.ts';
import { defaultLimits, describeReader, loadSurvey, openReaderApart, type Reader, surveyFolder } from '../read/index.ts';
import type { Device } from '../runtime/index.ts';
import { readingPipeline } from './reading-pipeline.ts';
import { absentNames, loadSources, saveSources, sourcesOf } from './sources.ts';
import type { Workspace } from './workspace.ts';

export interface ReaderOptions {
  /** A reader that ships with Lyceum, or a folder that training wrote. Default: the shipped one. */
  readonly reader?: string;
  readonly threads?: number;
  readonly device?: Device;
  readonly weights?: 'auto' | 'f32' | 'int8' | 'int4';
}

export interface ReadProgress {
  readonly stage: 'looking' | 'starting' | 'reading';
  readonly done: number;
  readonly total: number;
  readonly current: string | null;
  readonly perSecond: number | null;
  readonly secondsLeft: number | null;
}

export interface ReadOptions extends ReaderOptions {
  readonly workspace: Workspace;
  /** Remove documents whose files are gone. */
  readonly prune?: boolean;
  readonly onProgress?: (progress: ReadProgress) => void;
  readonly signal?: AbortSignal;
}

export interface ReadOutcome {
  /** Figures of this run; `entities` and `facts` are those of the whole graph afterwards. */
  readonly result: {
    readonly documents: number;
    readonly sentences: number;
    readonly mentions: number;
    readonly relations: number;
    readonly entities: number;
    readonly facts: number;
    readonly unchanged: number;
    readonly removed: number;
    readonly seconds: number;
  };
  readonly skipped: readonly { readonly path: string; readonly code: string; readonly reason: string }[];
  /** What was left out of documents read now, or guessed about them; `path` is the document's name, relative to the folder given. */
  readonly warnings: readonly { readonly path: string; readonly message: string }[];
  /** Names of documents whose files are gone and which are still in the graph. */
  readonly gone: readonly string[];
}

/**
 * Reads folders and files into the workspace. Every group of documents is durable before the next; what is there and unchanged is not read again.
 *
 * Errors: ConfigError without any path, now or before; the signal's reason when cancelled; those of the store and of the reader.
 */
export async function readPaths(given: readonly string[], options: ReadOptions): Promise<ReadOutcome> {
  const { workspace, signal, onProgress } = options;
  const { store, dir } = workspace;
  const begun = performance.now();
  const before = await loadSources(dir);
  const paths = given.length > 0 ? given : Object.keys(before.roots);
  if (paths.length === 0) throw new ConfigError('read: expected folders or files, got none and none were read before; for example `lyceum read ~/papers`');

  const report = (stage: ReadProgress['stage'], done: number, total: number, current: string | null, since?: number) => {
    const seconds = since === undefined ? 0 : (performance.now() - since) / 1000;
    const perSecond = seconds > 0 && done > 0 ? done / seconds : null;
    onProgress?.({ stage, done, total, current, perSecond, secondsLeft: perSecond === null ? null : (total - done) / perSecond });
  };
  report('looking', 0, 0, null);
  const survey = await surveyFolder(paths, { limits: defaultLimits, signal });
  const total = survey.found.length + survey.skipped.length;
  const sources = sourcesOf(paths, survey.found);
  const skipped: { path: string; code: string; reason: string }[] = [];
  const warnings: { path: string; message: string }[] = [];
  const sums = { documents: 0, sentences: 0, mentions: 0, relations: 0, unchanged: 0 };

  // The reader starts when the first document needs it: reading nothing new costs no model.
  await using stack = new AsyncDisposableStack();
  let started: Promise<Reader> | undefined;
  const { version: wanted } = await describeReader(choice(options));
  const start = (): Promise<Reader> => {
    started ??= openReaderApart({ ...choice(options), signal }).then((reader) => stack.use(reader));
    return started;
  };

  let done = 0;
  let readSince: number | undefined;
  const pipeline = readingPipeline({
    start: async () => {
      const reader = await start();
      readSince ??= performance.now();
      return reader;
    },
    store,
    signal,
    onKept: (documents, readings) => {
      for (const document of documents) for (const message of document.warnings) warnings.push({ path: document.name, message });
      for (const reading of readings) {
        sums.documents++;
        sums.sentences += reading.sentences.length;
        sums.mentions += reading.mentions.length;
        sums.relations += reading.relations.length;
      }
      done += documents.length;
      report('reading', done, total, documents.at(-1)?.name ?? null, readSince);
    },
  });

  try {
    for await (const loaded of loadSurvey(survey, {
      ...(signal === undefined ? {} : { signal }),
      isKnown: async ({ bytesSha256, names, loader }) => {
        const known = await store.reading(bytesSha256);
        return known !== undefined && known.loader === loader && known.reader === wanted && names.every((name) => known.names.includes(name));
      },
    })) {
      if (loaded.type === 'document') {
        if (readSince === undefined) report('starting', done, total, loaded.document.name);
        await pipeline.add(loaded.document);
        continue;
      }
      // A page that could not be read stands beside its document, which counts by itself.
      if (loaded.type !== 'skipped' || loaded.code !== 'PAGE') done++;
      if (loaded.type === 'unchanged') sums.unchanged++;
      else skipped.push({ path: loaded.path, code: loaded.code, reason: loaded.reason });
    }
    await pipeline.finish();
  } catch (error) {
    await pipeline.settle();
    signal?.throwIfAborted();
    throw error;
  }

  const { gone, unread } = absentNames(before, sources, skipped);
  let removed = 0;
  if (options.prune) {
    for (const name of gone) await store.removeName(name);
    removed = gone.length;
  }
  const remembered = new Set(options.prune ? unread : [...gone, ...unread]);
  const roots = Object.entries(sources.roots).map(([root, names]) => [
    root,
    { ...Object.fromEntries(Object.entries(before.roots[root] ?? {}).filter(([name]) => remembered.has(name))), ...names },
  ]);
  await saveSources(dir, before, { roots: Object.fromEntries(roots) });
  report('reading', total, total, null, readSince);
  const { entities, facts } = await store.counts();
  const seconds = Number(((performance.now() - begun) / 1000).toFixed(3));
  return { result: { ...sums, entities, facts, removed, seconds }, skipped, warnings, gone: options.prune ? [] : gone };
}

/** What of the options says how to open a reader. */
export const choice = ({ reader, threads, device, weights }: ReaderOptions): ReaderOptions => ({
  ...(reader === undefined ? {} : { reader }),
  ...(threads === undefined ? {} : { threads }),
  ...(device === undefined ? {} : { device }),
  ...(weights === undefined ? {} : { weights }),
});
