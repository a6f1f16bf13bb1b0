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
  /** Five words in a row that stand in more evaluation items than this are their wording, not what they ask. Default 3. */
  readonly common?: number;
}

/**
 * Evaluation items that also stand in the training data: pairs that share n words in a row, words in lower case without punctuation, of which at least half are the item's own and not the wording of many, or which hold all
 * that is its own. Evaluation items are indexed, the training data passes by once for each length of run.
 *
 * Source: arXiv:2005.14165, appendix C (n = 13; there runs are left out that many training documents have).
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
  const ownWords = ownIn(items, Math.min(wording, n), common);
  const indices = Map.groupBy(
    items.filter(({ words }) => words.length >= Math.min(n, shortest)),
    ({ words }) => Math.min(n, words.length),
  );
  const tables = [...indices].map(([length, own]) => ({ length, runs: indexOf(own, length, ownWords) }));
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

interface Item {
  readonly id: string;
  readonly words: readonly number[];
}
const wording = 5;

/** Runs of words → items that have them. */
const runsOf = (items: readonly Item[], length: number, counts: (item: Item, from: number) => boolean = () => true): Map<string, Set<string>> => {
  const runs = new Map<string, Set<string>>();
  for (const item of items)
    for (let from = 0; from + length <= item.words.length; from++) {
      if (!counts(item, from)) continue;
      const run = item.words.slice(from, from + length).join();
      const holders = runs.get(run);
      if (holders) holders.add(item.id);
      else runs.set(run, new Set([item.id]));
    }
  return runs;
};

/** Of every item, how many words before each place, and in all, stand in no run of `length` that more than `common` items have. */
const ownIn = (items: readonly Item[], length: number, common: number): Map<Item, Uint32Array> => {
  const holders = runsOf(items, length);
  return new Map(
    items.map((item) => {
      const own = new Uint8Array(item.words.length).fill(1);
      for (let from = 0; from + length <= own.length; from++)
        if (holders.get(item.words.slice(from, from + length).join())!.size > common) own.fill(0, from, from + length);
      const before = new Uint32Array(own.length + 1);
      for (const [i, flag] of own.entries()) before[i + 1] = before[i]! + flag;
      return [item, before];
    }),
  );
};

const indexOf = (items: readonly Item[], length: number, own: ReadonlyMap<Item, Uint32Array>): Map<string, Set<string>> => {
  return runsOf(items, length, (item, from) => {
    const before = own.get(item)!;
    const here = before[from + length]! - before[from]!;
    return here > 0 && (2 * here >= length || here === before.at(-1));
  });
};
