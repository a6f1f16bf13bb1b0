import { open } from 'node:fs/promises';
import { defaultLimits, type Limits, LoadError, type LoadedDocument } from './document.ts';
import { loaderName } from './formats.ts';
import { sha256 } from './json-lines.ts';
import { openParser, type Parser } from './parser.ts';
import { type Found, reasonOf, type Skipped, type Survey, surveyFolder } from './survey.ts';

export interface LoadOptions {
  readonly signal?: AbortSignal;
  readonly limits?: Partial<Limits>;
  /** Whether a document has been read already; then it is reported as `unchanged` without being parsed. */
  readonly isKnown?: (found: { readonly bytesSha256: string; readonly names: readonly string[]; readonly loader: string }) => boolean | Promise<boolean>;
}

export type Loaded =
  | { readonly type: 'document'; readonly document: LoadedDocument }
  | { readonly type: 'unchanged'; readonly bytesSha256: string; readonly names: readonly string[] }
  | ({ readonly type: 'skipped' } & Skipped);

const readBytes = async ({ path, sizeBytes, offset }: Found, fileBytes: number): Promise<Buffer> => {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const wanted = offset === undefined ? size : sizeBytes;
    if (wanted > fileBytes)
      throw new LoadError('TOO_LARGE', 'expected the size that was there a moment ago, got a file that grew; read again when nothing writes to it');
    const bytes = Buffer.alloc(wanted);
    let at = 0;
    while (at < wanted) {
      const { bytesRead } = await file.read(bytes, at, wanted - at, (offset ?? 0) + at);
      if (bytesRead === 0) break;
      at += bytesRead;
    }
    return bytes.subarray(0, at);
  } finally {
    await file.close();
  }
};

const load = async (found: Found, parser: Parser, limits: Limits, signal: AbortSignal | undefined): Promise<LoadedDocument> => {
  const bytes = await readBytes(found, limits.fileBytes);
  if (sha256(bytes) !== found.bytesSha256)
    throw new LoadError('IO', 'expected the bytes that were there a moment ago, got others; read again when nothing writes to the file');
  const parsed = await parser.parse(found.format, bytes, signal);
  if (parsed.text.length > limits.characters)
    throw new LoadError('TOO_LARGE', `expected at most ${limits.characters} characters of text, got ${parsed.text.length}; split the file`);
  return {
    ...parsed,
    bytesSha256: found.bytesSha256,
    name: found.names[0]!,
    names: found.names,
    loader: loaderName(found.format),
    mediaType: found.format.mediaType,
    sizeBytes: found.sizeBytes,
  };
};

/** Reads what a survey found, in its order, two documents in memory at most. What cannot be read is reported and stops nothing; pages of a document that was read otherwise follow it, with code PAGE. */
export async function* loadSurvey(survey: Survey, options: LoadOptions = {}): AsyncGenerator<Loaded> {
  const { signal, isKnown } = options;
  const limits = { ...defaultLimits, ...options.limits };
  for (const skipped of survey.skipped) yield { type: 'skipped', ...skipped };
  await using parser = openParser(limits);
  const next = async (found: Found): Promise<Loaded> => {
    const { bytesSha256, names } = found;
    if (await isKnown?.({ bytesSha256, names, loader: loaderName(found.format) })) return { type: 'unchanged', bytesSha256, names };
    try {
      return { type: 'document', document: await load(found, parser, limits, signal) };
    } catch (error) {
      signal?.throwIfAborted();
      return { type: 'skipped', path: found.offset === undefined ? found.path : names[0]!, ...reasonOf(error) };
    }
  };
  // While one document is used, the next is parsed.
  let ahead: Promise<Loaded> | undefined;
  for (const [i, found] of survey.found.entries()) {
    signal?.throwIfAborted();
    const loaded = await (ahead ?? next(found));
    signal?.throwIfAborted();
    const following = survey.found[i + 1];
    ahead = following && next(following);
    // Whoever stops listening never hears how it ended.
    ahead?.catch(() => undefined);
    yield loaded;
    if (loaded.type !== 'document') continue;
    for (const { page, reason } of loaded.document.failedPages ?? []) yield { type: 'skipped', path: `${found.path} page ${page}`, code: 'PAGE', reason };
  }
}

/**
 * Reads every document below files and folders: `surveyFolder`, then `loadSurvey`.
 *
 * @throws the signal's reason when it fires
 */
export async function* loadFolder(paths: readonly string[], options: LoadOptions = {}): AsyncGenerator<Loaded> {
  const survey = await surveyFolder(paths, { limits: { ...defaultLimits, ...options.limits }, signal: options.signal });
  yield* loadSurvey(survey, options);
}
