import { ConfigError } from '../../core/index.ts';
import { wordsOf } from './words.ts';

export interface AdmissionOptions {
  /** A text whose ROUGE-L with an admitted one is higher is refused. Default 0.7. */
  readonly overlap?: number;
  /** Fewest and most words. Default 4 and 150. */
  readonly leastWords?: number;
  readonly mostWords?: number;
  /** Phrases that ask for what no language model can do. Default: those of the paper. */
  readonly refused?: readonly string[];
}

/** Whether a text is let in, else why not. */
export type Admission = { readonly admitted: true } | { readonly admitted: false; readonly reason: 'length' | 'phrase' | 'overlap'; readonly detail: string };

/** Words of tasks about things that are no text. */
export const refusedPhrases: readonly string[] = [
  'image',
  'images',
  'graph',
  'graphs',
  'picture',
  'pictures',
  'file',
  'files',
  'map',
  'maps',
  'draw',
  'plot',
  'go to',
];

interface Admitted {
  readonly text: string;
  readonly words: readonly string[];
}

/**
 * The door for instructions that a model made up: each is admitted or refused by its length, by phrases, and by its overlap with all admitted before. The comparison is exact; an index by rare words leaves few to compare
 * with: two texts with ROUGE-L above t share at least t · |a| / (2 − t) of a's words, so one of any |a| + 1 minus that many.
 *
 * Source: arXiv:2212.10560, section 2.2 (Self-Instruct).
 */
export const admission = ({
  overlap = 0.7,
  leastWords = 4,
  mostWords = 150,
  refused = refusedPhrases,
}: AdmissionOptions = {}): ((text: string) => Admission) => {
  if (!(overlap > 0 && overlap <= 1)) throw new ConfigError(`admission: expected an overlap in (0, 1], got ${overlap}; 0.7 is usual`);
  const phrases = refused.map((phrase) => ({ phrase, spelt: ` ${wordsOf(phrase).join(' ')} ` }));
  const holders = new Map<string, Admitted[]>();
  return (text) => {
    const words = wordsOf(text);
    if (words.length < leastWords || words.length > mostWords)
      return { admitted: false, reason: 'length', detail: `${words.length} words, expected ${leastWords} to ${mostWords}` };
    const spelt = ` ${words.join(' ')} `;
    const phrase = phrases.find((one) => spelt.includes(one.spelt));
    if (phrase) return { admitted: false, reason: 'phrase', detail: phrase.phrase };
    const seen = new Set<Admitted>();
    const needed = Math.ceil((overlap * words.length) / (2 - overlap) - 1e-9);
    const byRarity = words.toSorted((a, b) => (holders.get(a)?.length ?? 0) - (holders.get(b)?.length ?? 0));
    for (const word of byRarity.slice(0, words.length - needed + 1))
      for (const other of holders.get(word) ?? []) {
        if (seen.has(other)) continue;
        seen.add(other);
        const score = rougeL(words, other.words);
        if (score > overlap) return { admitted: false, reason: 'overlap', detail: `${score.toFixed(2)} with ${JSON.stringify(other.text.slice(0, 60))}` };
      }
    const own: Admitted = { text, words };
    for (const word of new Set(words)) {
      const list = holders.get(word);
      if (list) list.push(own);
      else holders.set(word, [own]);
    }
    return { admitted: true };
  };
};

/** ROUGE-L as an F-measure in [0, 1]: twice the longest common subsequence over the words of both. */
export const rougeL = (a: readonly string[], b: readonly string[]): number => {
  if (a.length === 0 || b.length === 0) return 0;
  let before = new Uint32Array(b.length + 1);
  let now = new Uint32Array(b.length + 1);
  for (const word of a) {
    for (let j = 1; j <= b.length; j++) now[j] = word === b[j - 1] ? before[j - 1]! + 1 : Math.max(before[j]!, now[j - 1]!);
    [before, now] = [now, before];
  }
  return (2 * before[b.length]!) / (a.length + b.length);
};
