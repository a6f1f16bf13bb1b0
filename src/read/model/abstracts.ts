import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { z } from 'zod';
import { FormatError, NotFoundError } from '../../core/index.ts';
import type { Tokenizer } from '../../formats/index.ts';
import { words } from '../text/index.ts';
import type { SubwordText } from './masked-batch.ts';

export interface Abstracts {
  readonly texts: readonly string[];
  /** Of the file as it lies there. */
  readonly sha256: string;
}

// Files of papers carry much more; what is not named here is not read.
const line = z.looseObject({ title: z.string().nullish(), abstract: z.string().nullish(), text: z.string().nullish() });
const limitBytes = 2 ** 29; // of the text unpacked: the longest string there is

/**
 * Reads plain texts from JSON Lines with `abstract` and, if there is one, `title`, or with `text`; a file that ends in `.gz` is unpacked. Lines without words are passed over.
 *
 * @throws NotFoundError where there is no file · FormatError naming the line
 */
export const readAbstracts = async (path: string): Promise<Abstracts> => {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw new NotFoundError(`${path}: expected JSON Lines with abstracts, got no such file; --data names one`);
    if (error.code === 'EISDIR') throw new FormatError(`${path}: expected one file of JSON Lines, got a folder; name the file`);
    throw error;
  });
  const lines = (await unpacked(path, bytes)).split('\n');
  const texts = lines.flatMap((one, i) => {
    if (one.trim() === '') return [];
    const text = textOf(one, `${path} line ${i + 1}`);
    return text === '' ? [] : [text];
  });
  return { texts, sha256: createHash('sha256').update(bytes).digest('hex') };
};

const unpacked = async (path: string, bytes: Buffer): Promise<string> => {
  if (!path.endsWith('.gz')) return bytes.toString('utf8');
  const plain = await promisify(gunzip)(bytes, { maxOutputLength: limitBytes }).catch((cause: Error) => {
    throw new FormatError(`${path}: expected a gzip file of at most ${limitBytes} bytes unpacked, got ${cause.message}; fetch or pack it again`, { cause });
  });
  return plain.toString('utf8');
};

const textOf = (json: string, where: string): string => {
  let raw: unknown;
  try {
    raw = JSON.parse(json);
  } catch (cause) {
    throw new FormatError(`${where}: expected a JSON object, got ${JSON.stringify(json.slice(0, 40))}; write one document a line`, { cause });
  }
  const parsed = line.safeParse(raw);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new FormatError(`${where}: expected a document with abstract or text, got at ${issue.path.join('.') || 'the top'}: ${issue.message}; mend the line`);
  }
  const { title, abstract, text } = parsed.data;
  if (typeof abstract !== 'string' && typeof text !== 'string')
    throw new FormatError(
      `${where}: expected abstract or text, got the fields ${Object.keys(parsed.data).join(', ').slice(0, 200) || 'of nothing'}; name one so`,
    );
  const head = title?.trim() ?? '';
  const body = (abstract ?? text ?? '').trim();
  return typeof abstract === 'string' && head !== '' && body !== '' ? `${head}. ${body}` : body;
};

/** A text in subwords, cut after whole words to at most `limit`; nothing where the text has no words. */
export const subwordsOf = (text: string, tokenizer: Pick<Tokenizer, 'encodeWords'>, limit: number): SubwordText | undefined => {
  // Every word has a subword at least.
  const spelt = words(text)
    .slice(0, limit)
    .map(({ start, end }) => text.slice(start, end));
  const { ids, first, last } = tokenizer.encodeWords(spelt);
  let count = 0;
  while (count < spelt.length && last[count]! < limit) count++;
  if (count === 0) return undefined;
  return { ids: Int32Array.from(ids.slice(0, last[count - 1]! + 1)), words: Int32Array.from(first.slice(0, count)) };
};
