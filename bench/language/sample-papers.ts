import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** Prose that is the same for everyone: the sample papers in Markdown. */
export const samplePapers = async (): Promise<string> => {
  const names = ['keyphrase-extraction.md', 'low-resource-translation.md'];
  const texts = names.map((name) => readFile(fileURLToPath(new URL(`../../examples/papers/${name}`, import.meta.url)), 'utf8'));
  return (await Promise.all(texts)).join('\n');
};
