import { appendFile, open, readFile } from 'node:fs/promises';
import { FormatError } from '../core/index.ts';
import { writeWhole } from '../formats/index.ts';

export interface MetricsLine {
  readonly step: number;
  readonly [name: string]: unknown;
}

/** Appends one line. */
export const appendMetrics = (path: string, line: MetricsLine): Promise<void> => appendFile(path, `${JSON.stringify(line)}\n`);

/**
 * Cuts the file back to the lines up to a step: what a kill left behind the checkpoint is computed again. A last line cut short is dropped.
 *
 * @throws FormatError where another line is damaged
 */
export const cutMetrics = async (path: string, step: number): Promise<MetricsLine[]> => {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const kept: string[] = [];
  const lines: MetricsLine[] = [];
  const all = text.split('\n');
  for (const [i, line] of all.entries()) {
    if (line === '' || i === all.length - 1) continue; // what follows the last line end is a line cut short
    let parsed: MetricsLine;
    try {
      parsed = JSON.parse(line) as MetricsLine;
    } catch (cause) {
      throw new FormatError(
        `${path} line ${i + 1}: expected a JSON document, got ${JSON.stringify(line.slice(0, 40))}; the file is damaged, start the run anew`,
        { cause },
      );
    }
    if (parsed.step > step) continue;
    kept.push(line);
    lines.push(parsed);
  }
  await writeWhole(path, [new TextEncoder().encode(kept.map((line) => `${line}\n`).join(''))]);
  return lines;
};

/** Waits until the file's lines are on the disk. */
export const syncMetrics = async (path: string): Promise<void> => {
  const handle = await open(path, 'a');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};
