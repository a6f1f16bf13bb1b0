import { ConfigError } from '../../core/index.ts';
import { wordsOf } from './words.ts';

export interface Passage {
  readonly id: string;
  readonly text: string;
}

/** A training sample and an evaluation item that share a run of words. */
export interface Overlap {
  readonly trainingId: string;
  readonly evaluationId: string;
  /** The first run of words they share, as compared: lower case, no punctuation. */
  readonly shared: string;
}

export interface OverlapOptions {
  /** Words of a run. Default 13. */
  readonly n?: number;
  /** An item shorter than n is looked for as a whole, from this many words on. Default 5. */
  readonly shortest?: number;
  /** A run that stands in more evaluation items than this belongs to their wording, not to what they ask. Default 3. */
  readonly common?: number;
}

/**
 * Evaluation items that also stand in the training data: pairs that share n words in a row, words in lower case without punctuation. Evaluation items are indexed, the training data passes by once for each length of run.
 *
 * Source: arXiv:2005.14165, appendix C (n = 13; runs found too often left out, there by the number of training documents).
 *
 * @returns pairs in the order of the training data, each once
 */
export const findOverlaps = (
  training: Iterable<Passage>,
  evaluation: readonly Passage[],
  { n = 13, shortest = 5, common = 3 }: OverlapOptions = {},
): Overlap[] => {
  if (!(Number.isInteger(n) && n >= 1 && shortest >= 1))
    throw new ConfigError(`findOverlaps: expected whole numbers from 1 on, got n ${n}, shortest ${shortest}; 13 is usual`);
  const numbers = new Map<string, number>();
  const items = evaluation.map(({ id, text }) => ({ id, words: wordsOf(text).map((word) => numberOf(word, numbers)) }));
  const indices = Map.groupBy(
    items.filter(({ words }) => words.length >= Math.min(n, shortest)),
    ({ words }) => Math.min(n, words.length),
  );
  const tables = [...indices].map(([length, own]) => ({ length, runs: indexOf(own, length, common) }));
  const names = [...numbers.keys()];
  const found: Overlap[] = [];
  for (const { id, text } of training) {
    const words = wordsOf(text).map((word) => numbers.get(word) ?? -1); // a word that no item has
    const seen = new Set<string>();
    for (const { length, runs } of tables) {
      let known = 0; // words in a row up to here that some item has
      for (let end = 1; end <= words.length; end++) {
        known = words[end - 1]! < 0 ? 0 : known + 1;
        if (known < length) continue;
        const run = words.slice(end - length, end);
        for (const evaluationId of runs.get(run.join()) ?? []) {
          if (seen.has(evaluationId)) continue;
          seen.add(evaluationId);
          found.push({ trainingId: id, evaluationId, shared: run.map((number) => names[number]!).join(' ') });
        }
      }
    }
  }
  return found;
};

const numberOf = (word: string, numbers: Map<string, number>): number => {
  const known = numbers.get(word);
  if (known !== undefined) return known;
  numbers.set(word, numbers.size);
  return numbers.size - 1;
};

/** Runs of words → items that have them. */
const indexOf = (items: readonly { readonly id: string; readonly words: readonly number[] }[], length: number, common: number): Map<string, Set<string>> => {
  const runs = new Map<string, Set<string>>();
  for (const { id, words } of items)
    for (let from = 0; from + length <= words.length; from++) {
      const run = words.slice(from, from + length).join();
      const holders = runs.get(run);
      if (holders) holders.add(id);
      else runs.set(run, new Set([id]));
    }
  for (const [run, holders] of runs) if (holders.size > common) runs.delete(run);
  return runs;
};
