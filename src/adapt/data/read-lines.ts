import { createReadStream } from 'node:fs';

/** A line without its end, or why it cannot be read. */
export interface Line {
  /** From 1. */
  readonly number: number;
  readonly text: string;
  readonly problem?: string;
}

/**
 * Lines of a UTF-8 file, one after another: memory holds one line and one block of the file. A line longer than the bound and one that is not UTF-8 come with a `problem` and no text.
 *
 * @param maxLineBytes  longest line that is taken
 */
export async function* readLines(path: string, maxLineBytes: number): AsyncGenerator<Line> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let parts: Buffer[] = [];
  let size = 0;
  let number = 0;
  const take = (): Line => {
    number++;
    const [bytes, length] = [Buffer.concat(parts), size];
    parts = [];
    size = 0;
    if (length > maxLineBytes) return { number, text: '', problem: `the line has ${length} bytes, more than ${maxLineBytes}` };
    try {
      return { number, text: decoder.decode(bytes) }; // takes a byte order mark away too
    } catch {
      return { number, text: '', problem: 'the line is not UTF-8' };
    }
  };
  const keep = (bytes: Buffer): void => {
    size += bytes.length;
    if (size <= maxLineBytes) parts.push(bytes);
    else parts = [];
  };
  for await (const block of createReadStream(path) as AsyncIterable<Buffer>) {
    let from = 0;
    for (let end = block.indexOf(10); end >= 0; end = block.indexOf(10, from)) {
      keep(block.subarray(from, end));
      yield take();
      from = end + 1;
    }
    keep(block.subarray(from));
  }
  if (size > 0) yield take();
}
