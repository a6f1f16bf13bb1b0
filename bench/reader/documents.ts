import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Annotated abstracts that the reader's benches work on: SciERC's dev split, DyGIE JSON Lines. LYCEUM_SCIERC names a folder with dev.json. */
export const benchLines = (): string[] => {
  const folder = process.env.LYCEUM_SCIERC ?? fileURLToPath(new URL('../../../shared/data/scierc', import.meta.url));
  const path = `${folder}/dev.json`;
  if (!existsSync(path)) throw new Error(`bench: expected SciERC at ${path}, got no such file; name the folder that holds dev.json with LYCEUM_SCIERC`);
  return readFileSync(path, 'utf8').trim().split('\n');
};

const words = (line: string): number => (JSON.parse(line) as { sentences: string[][] }).sentences.reduce((sum, s) => sum + s.length, 0);

/** Batches of documents of like length, as training makes them: evenly chosen from all lengths. Each is JSON Lines. */
export const trainingBatches = (lines: readonly string[], count: number, size: number): string[] => {
  const byLength = [...lines].sort((a, b) => words(a) - words(b));
  const batches = Array.from({ length: Math.floor(byLength.length / size) }, (_, i) => byLength.slice(i * size, (i + 1) * size).join('\n'));
  return Array.from({ length: Math.min(count, batches.length) }, (_, i) => batches[Math.floor(((i + 0.5) * batches.length) / count)]!);
};
