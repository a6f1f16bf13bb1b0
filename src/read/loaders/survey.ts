// Which documents there are: names, identities and sizes, before anything is parsed.
import { createHash } from 'node:crypto';
import { createReadStream, type Stats } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { type Limits, LoadError, type SkipCode, spellSize } from './document.ts';
import { type Format, formatOf, formats } from './formats.ts';
import { fileLines, lineId, sha256 } from './json-lines.ts';

/** Something that could not be read; the rest was. */
export interface Skipped {
  readonly path: string;
  readonly code: SkipCode;
  readonly reason: string;
}

/** A document that was found, not yet read. */
export interface Found {
  readonly bytesSha256: string;
  /** Sorted, at least one. */
  readonly names: readonly string[];
  readonly path: string;
  readonly format: Format;
  readonly sizeBytes: number;
  /** For a line of a JSON Lines file: where its bytes begin. */
  readonly offset?: number;
}

export interface Survey {
  /** Sorted by first name. */
  readonly found: readonly Found[];
  readonly skipped: readonly Skipped[];
  /** Files inside folders whose endings name no format that can be read. */
  readonly ignored: readonly string[];
}

export const reasonOf = (error: unknown): { code: SkipCode; reason: string } => {
  if (error instanceof LoadError) return { code: error.code, reason: error.message };
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EACCES' || code === 'EPERM')
    return {
      code: 'NO_RIGHTS',
      reason: 'expected a file or folder that may be read, got no permission; change its rights (chmod u+r) or read it as its owner',
    };
  if (code === 'ENOENT') return { code: 'NOT_FOUND', reason: 'expected a file or folder, got nothing at this path; check the spelling' };
  if (code === 'ELOOP') return { code: 'NOT_FOUND', reason: 'expected a file or folder, got a symbolic link that leads back to itself; remove the link' };
  return { code: 'IO', reason: `expected a readable file, got ${code ?? 'an error'} (${message}); check the disk and try again` };
};

interface File {
  readonly path: string;
  readonly name: string;
  readonly root: string;
  readonly sizeBytes: number;
  readonly given: boolean;
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

// All files below the paths, hidden ones left out, each folder once however many links lead to it.
const listFiles = async (paths: readonly string[], skip: (path: string, error: unknown) => void, signal: AbortSignal | undefined): Promise<File[]> => {
  const files: File[] = [];
  const visited = new Set<string>();
  const add = (path: string, name: string, root: string, status: Stats, given: boolean) => {
    if (status.isFile()) files.push({ path, name, root, sizeBytes: status.size, given });
    else skip(path, new LoadError('NOT_A_FILE', 'expected a file or folder, got a device, pipe or socket; copy its content into a file'));
  };
  for (const path of paths.map((given) => resolve(given))) {
    const pending: { path: string; name: string }[] = [{ path, name: '' }];
    while (pending.length > 0) {
      signal?.throwIfAborted();
      const { path: at, name } = pending.pop()!;
      try {
        const status = await stat(at);
        if (!status.isDirectory()) {
          add(at, name || basename(at), path, status, name === '');
          continue;
        }
        const real = await realpath(at);
        if (visited.has(real)) continue;
        visited.add(real);
        const entries = (await readdir(at)).filter((entry) => !entry.startsWith('.')).sort(compare);
        for (const entry of entries.reverse()) pending.push({ path: join(at, entry), name: name === '' ? entry : `${name}/${entry}` });
      } catch (error) {
        skip(at, error);
      }
    }
  }
  return files;
};

const hashFile = async (path: string, signal: AbortSignal | undefined): Promise<string> => {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20, ...(signal ? { signal } : {}) })) hash.update(chunk as Buffer);
  return hash.digest('hex');
};

/**
 * Lists what can be read below files and folders. A file is named by its path relative to the folder given, a file given by itself by its base name, a line of a JSON Lines
 * file by the file's name, `#` and its id (and `@` and its number where another line has that id). Files with the same bytes are one document with several names. What cannot be read is listed with a reason and stops nothing.
 *
 * @throws the signal's reason when it fires
 */
export const surveyFolder = async (
  paths: readonly string[],
  options: { readonly limits: Limits; readonly signal?: AbortSignal | undefined },
): Promise<Survey> => {
  const { limits, signal } = options;
  const skipped: Skipped[] = [];
  const ignored: string[] = [];
  const skip = (path: string, error: unknown) => {
    signal?.throwIfAborted();
    skipped.push({ path, ...reasonOf(error) });
  };
  const files = (await listFiles(paths, skip, signal)).sort((a, b) => compare(a.name, b.name) || compare(a.path, b.path));

  const byId = new Map<string, { names: Set<string>; first: Omit<Found, 'bytesSha256' | 'names'> }>();
  const add = (id: string, name: string, first: Omit<Found, 'bytesSha256' | 'names'>) => {
    const known = byId.get(id);
    if (known) known.names.add(name);
    else byId.set(id, { names: new Set([name]), first });
  };
  const owners = new Map<string, string>();
  const readPaths = new Set<string>();
  for (const file of files) {
    const { path, sizeBytes } = file;
    const format = formatOf(path);
    if (!format) {
      if (file.given)
        skip(
          path,
          new LoadError(
            'UNSUPPORTED',
            `expected a file ending in ${formats.flatMap(({ endings }) => endings).join(', ')}, got ${basename(path)}; save or export it as one of these`,
          ),
        );
      else ignored.push(path);
      continue;
    }
    if (readPaths.has(path)) continue;
    readPaths.add(path);
    // Two folders may hold different files of one name; the second is named with its folder before it.
    const name = [file.name, `${basename(file.root)}/${file.name}`].find((candidate) => !owners.has(candidate));
    if (name === undefined) {
      skip(
        path,
        new LoadError(
          'NAME_TAKEN',
          `expected one file named ${file.name}, got another at ${owners.get(file.name)}; read the two folders into workspaces of their own, or rename one`,
        ),
      );
      continue;
    }
    owners.set(name, path);
    try {
      if (sizeBytes === 0) throw new LoadError('EMPTY', 'expected a document, got a file of 0 bytes; copy or download it again');
      if (format.name === 'jsonl') {
        const lines = new Map<string, string>();
        let any = false;
        for await (const line of fileLines(path, limits, signal)) {
          any = true;
          try {
            if (line.tooLong) throw line.tooLong;
            const bytesSha256 = sha256(line.bytes);
            let id = lineId(line.bytes, line.number);
            // Ids that repeat are common in files that were collected; the line number tells them apart.
            if ((lines.get(id) ?? bytesSha256) !== bytesSha256) id = `${id}@${line.number}`;
            lines.set(id, bytesSha256);
            add(bytesSha256, `${name}#${id}`, { path, format, sizeBytes: line.bytes.length, offset: line.offset });
          } catch (error) {
            skip(`${path} line ${line.number}`, error);
          }
        }
        if (!any) throw new LoadError('EMPTY', 'expected a document a line, got blank lines only; copy or download the file again');
        continue;
      }
      if (sizeBytes > limits.fileBytes)
        throw new LoadError(
          'TOO_LARGE',
          `expected a file of at most ${spellSize(limits.fileBytes)}, got ${spellSize(sizeBytes)}; split it, or write one document a line (.jsonl), which has no such limit`,
        );
      add(await hashFile(path, signal), name, { path, format, sizeBytes });
    } catch (error) {
      skip(path, error);
    }
  }
  const found = [...byId].map(([bytesSha256, { names, first }]) => ({ bytesSha256, names: [...names].sort(compare), ...first }));
  return { found: found.sort((a, b) => compare(a.names[0]!, b.names[0]!)), skipped, ignored };
};
