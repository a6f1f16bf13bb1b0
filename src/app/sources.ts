import { readFile } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { z } from 'zod';
import { FormatError } from '../core/index.ts';
import { writeOutput } from './write-output.ts';

/** Which folders and files a workspace was made from: what `lyceum read` reads again, and where a document's bytes may lie. */
export interface Sources {
  /** Absolute path of a folder or file → names of the documents found there last, with their paths. */
  readonly roots: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const schema = z.strictObject({ version: z.literal(1), roots: z.record(z.string(), z.record(z.string(), z.string())) });
const fileOf = (dir: string) => join(dir, 'sources.json');

export async function loadSources(dir: string): Promise<Sources> {
  const path = fileOf(dir);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { roots: {} };
    throw error;
  }
  try {
    return { roots: schema.parse(JSON.parse(text)).roots };
  } catch (cause) {
    throw new FormatError(`${path}: expected the list of folders read before, got something else; delete it and name the folders again`, { cause });
  }
}

/** Keeps what was found below each root; roots that were not read this time stay as they are. */
export async function saveSources(dir: string, before: Sources, found: Sources): Promise<void> {
  const roots = { ...before.roots, ...found.roots };
  await writeOutput(fileOf(dir), [`${JSON.stringify({ version: 1, roots })}\n`]);
}

/** Sorts what a survey found under the root each file lies below. */
export function sourcesOf(paths: readonly string[], found: readonly { readonly path: string; readonly names: readonly string[] }[]): Sources {
  const roots: Record<string, Record<string, string>> = Object.fromEntries(paths.map((path) => [resolve(path), {}]));
  for (const { path, names } of found) {
    const whole = resolve(path);
    const root = Object.keys(roots).find((candidate) => whole === candidate || whole.startsWith(candidate.endsWith(sep) ? candidate : candidate + sep));
    if (root !== undefined) for (const name of names) (roots[root] as Record<string, string>)[name] = whole;
  }
  return { roots };
}

/**
 * Names that were below these roots and were not found there now: gone for good, or unread, since they or a folder above them could not be read.
 *
 * @param skipped  what could not be read, by absolute path
 */
export function absentNames(
  before: Sources,
  now: Sources,
  skipped: readonly { readonly path: string; readonly code: string }[],
): { readonly gone: string[]; readonly unread: string[] } {
  const present = new Set(Object.values(now.roots).flatMap((names) => Object.keys(names)));
  const unreadable = new Set(skipped.map(({ path }) => path));
  const closed = new Set(skipped.filter(({ code }) => code !== 'NOT_FOUND').map(({ path }) => path));
  const isBelowClosed = (path: string): boolean => closed.has(path) || (dirname(path) !== path && isBelowClosed(dirname(path)));
  const absent = Object.keys(now.roots)
    .flatMap((root) => Object.entries(before.roots[root] ?? {}))
    .filter(([name]) => !present.has(name));
  const isUnread = ([, path]: [string, string]) => unreadable.has(path) || isBelowClosed(path);
  const names = (entries: readonly [string, string][]) => entries.map(([name]) => name).sort();
  return { gone: names(absent.filter((entry) => !isUnread(entry))), unread: names(absent.filter(isUnread)) };
}
