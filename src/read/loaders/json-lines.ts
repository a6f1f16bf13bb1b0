import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { z } from 'zod';
import type { Block } from '../text/index.ts';
import { clean } from './build.ts';
import { type Limits, LoadError, type ParsedText, spellSize } from './document.ts';
import { present, yearOf } from './kinds.ts';

const text = z.string();
// Files of papers carry much more (authors, addresses); what is not named here is not read.
const line = z.looseObject({
  id: z.union([z.string().min(1), z.int()]).optional(),
  title: text.nullish(),
  abstract: text.nullish(),
  text: text.nullish(),
  year: z.union([z.int(), z.string()]).nullish(),
  venue: text.nullish(),
});

const blockTexts = (value: string): string[] =>
  value
    .split(/\r?\n\s*\r?\n/)
    .map((part) => clean(part).replace(/\s+/g, ' ').trim())
    .filter(Boolean);

const parse = (bytes: Uint8Array): z.infer<typeof line> => {
  let raw: unknown;
  try {
    raw = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new LoadError('FORMAT', `expected one JSON object in UTF-8, got something else (${(cause as Error).message}); write one document a line`, { cause });
  }
  const parsed = line.safeParse(raw);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new LoadError('FORMAT', `${issue.path.join('.') || 'line'}: ${issue.message}; a line holds id, title, abstract or text, year, venue`);
  }
  return parsed.data;
};

/** The `id` a line gives itself; its number in the file where it gives none. */
export const lineId = (bytes: Uint8Array, number: number): string => String(parse(bytes).id ?? number);

/** One line of a JSON Lines file as a document: the title, then the paragraphs of `abstract` or `text`. */
export const parseJsonLine = (bytes: Uint8Array): ParsedText => {
  const { title, abstract, text: body, year, venue } = parse(bytes);
  if (body !== undefined && body !== null && abstract !== undefined && abstract !== null)
    throw new LoadError('FORMAT', 'expected abstract or text, got both; keep the one that is to be read');
  const titles = blockTexts(title ?? '').slice(0, 1);
  const paragraphs = blockTexts(abstract ?? body ?? '');
  if (paragraphs.length === 0) throw new LoadError('NO_TEXT', 'expected abstract or text with words, got none; fill one of them, or take the line out');
  const parts = [...titles, ...paragraphs];
  const blocks: Block[] = [];
  let at = 0;
  for (const [i, part] of parts.entries()) {
    blocks.push({ kind: i < titles.length ? 'title' : 'paragraph', start: at, end: at + part.length });
    at += part.length + 2;
  }
  return { text: parts.join('\n\n'), blocks, metadata: present({ title: titles[0], year: yearOf(year), venue: venue?.trim() }), warnings: [] };
};

export interface FileLine {
  /** From 1. */
  readonly number: number;
  /** Position of its first byte in the file. */
  readonly offset: number;
  readonly bytes: Buffer;
  /** Set instead of `bytes` being whole when the line is longer than the limit. */
  readonly tooLong?: LoadError;
}

/** The lines of a file that are not blank, without their ends; never holds more than one line and one piece of the file. */
export async function* fileLines(path: string, limits: Pick<Limits, 'lineBytes'>, signal?: AbortSignal): AsyncGenerator<FileLine> {
  let pieces: Buffer[] = [];
  let size = 0;
  let number = 1;
  let offset = 0;
  const finish = (): FileLine | undefined => {
    const whole = Buffer.concat(pieces);
    const start = number === 1 && whole[0] === 0xef && whole[1] === 0xbb && whole[2] === 0xbf ? 3 : 0;
    const bytes = whole.subarray(start, whole.at(-1) === 0x0d ? whole.length - 1 : whole.length);
    const tooLong =
      size > limits.lineBytes
        ? new LoadError('TOO_LARGE', `expected a line of at most ${spellSize(limits.lineBytes)}, got ${spellSize(size)}; a document stands on one line`)
        : undefined;
    const found = { number, offset: offset + start, bytes };
    offset += size + 1;
    number++;
    pieces = [];
    size = 0;
    if (tooLong) return { ...found, tooLong };
    return bytes.every((byte) => byte === 0x20 || byte === 0x09) ? undefined : found;
  };
  const add = (piece: Buffer) => {
    // A line over the limit is counted to its end, not kept.
    if (size <= limits.lineBytes) pieces.push(piece);
    size += piece.length;
  };
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 18, ...(signal ? { signal } : {}) }) as AsyncIterable<Buffer>) {
    let from = 0;
    for (let to = chunk.indexOf(0x0a); to >= 0; to = chunk.indexOf(0x0a, from)) {
      add(chunk.subarray(from, to));
      const found = finish();
      if (found) yield found;
      from = to + 1;
    }
    if (from < chunk.length) add(chunk.subarray(from));
  }
  const last = size > 0 ? finish() : undefined;
  if (last) yield last;
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
