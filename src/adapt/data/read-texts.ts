import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, extname, join, relative } from 'node:path';
import { FormatError } from '../../core/index.ts';
import { type CausalTokenizer, sha256OfFile } from '../../formats/index.ts';
import { cutText } from './cut-text.ts';
import { describeSamples, type ReadSamples, type ReadSamplesOptions, readSamples } from './read-samples.ts';
import type { TextSample } from './sample.ts';

export interface ReadTextsOptions {
  readonly tokenizer: CausalTokenizer;
  /** Most tokens of a text. */
  readonly length: number;
  /** Largest file. Default 256 MiB. */
  readonly maxFileBytes?: number;
}

const isText = (path: string): boolean => ['.txt', '.md'].includes(extname(path).toLowerCase());

/**
 * Reads a text file, or all `.txt` and `.md` files below a folder in the order of their names, as plain text to learn, cut at paragraph ends into samples that fit. Hidden files and links are passed over; files that are
 * too large or not UTF-8 are listed with the reason.
 *
 * @throws FormatError where there is no text at all
 */
export const readTexts = async (path: string, { tokenizer, length, maxFileBytes = 2 ** 28 }: ReadTextsOptions): Promise<ReadSamples> => {
  const folder = (await stat(path)).isDirectory();
  const samples: TextSample[] = [];
  const skipped: { file: string; line: number; reason: string }[] = [];
  for (const file of folder ? await textsBelow(path) : [path]) {
    const name = folder ? relative(path, file) : basename(file);
    const text = await textOfFile(file, maxFileBytes);
    if (typeof text !== 'string') skipped.push({ file: name, line: 1, reason: text.reason });
    else samples.push(...samplesOf(name, cutText(text, { tokenizer, length })));
  }
  if (samples.length === 0)
    throw new FormatError(`${path}: expected text in .txt or .md files, got ${skipped.length > 0 ? skipped[0]!.reason : 'none'}; name a folder that has some`);
  return describeSamples(samples, { skipped, renamed: [] });
};

const textsBelow = async (folder: string): Promise<string[]> => {
  const entries = (await readdir(folder, { withFileTypes: true })).filter(({ name }) => !name.startsWith('.')).sort((a, b) => (a.name < b.name ? -1 : 1));
  const found: string[] = [];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...(await textsBelow(path)));
    else if (entry.isFile() && isText(path)) found.push(path);
  }
  return found;
};

const textOfFile = async (path: string, maxFileBytes: number): Promise<string | { readonly reason: string }> => {
  const { size } = await stat(path);
  if (size > maxFileBytes) return { reason: `the file has ${size} bytes, more than ${maxFileBytes}` };
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path));
  } catch {
    return { reason: 'the file is not UTF-8' };
  }
  if (text.includes('\0')) return { reason: 'the file is not text' };
  return text.trim() === '' ? { reason: 'the file is empty' } : text;
};

/** Samples of the pieces that say something. */
const samplesOf = (name: string, pieces: readonly string[]): TextSample[] => {
  let line = 1;
  const last = pieces.findLastIndex((piece) => piece.trim() !== '');
  return pieces.flatMap((text, i): TextSample[] => {
    const here = line;
    line += text.split('\n').length - 1;
    if (text.trim() === '') return [];
    return [{ shape: 'text', id: pieces.length === 1 ? name : `${name}#${i + 1}`, line: here, text, ...(i < last && { continues: true }) }];
  });
};

/** SHA-256 of what `readTrainingData` reads: of the file, or of the lines `sha256  name` of a folder's texts, as `sha256sum` writes them. */
export const hashTrainingData = async (path: string): Promise<string> => {
  if (!(await stat(path)).isDirectory()) return sha256OfFile(path);
  const lines: string[] = [];
  for (const file of await textsBelow(path)) lines.push(`${await sha256OfFile(file)}  ${relative(path, file)}\n`);
  return createHash('sha256').update(lines.join('')).digest('hex');
};

/** Reads what there is to learn from: a folder or a `.txt` or `.md` file as plain text, any other file as JSON Lines. @throws as `readTexts` and `readSamples` do */
export const readTrainingData = async (path: string, options: ReadTextsOptions & ReadSamplesOptions): Promise<ReadSamples> =>
  isText(path) || (await stat(path)).isDirectory() ? readTexts(path, options) : readSamples(path, options);
