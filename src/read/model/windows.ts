import type { Tokenizer } from '../../formats/index.ts';

/** Part of a document that is read in one go. Word numbers count over the document, ends exclusive. */
export interface Window {
  readonly start: number;
  readonly end: number;
  /** Sentences whose spans are taken from this window; the others in it are context. A sentence too long for a window comes in pieces. */
  readonly sentences: readonly { readonly start: number; readonly end: number }[];
}

/** A document as the encoder sees it. */
export interface Pieces {
  /** Words as coreference compares them: lower case, a plural s taken off, bracket escapes of the Penn Treebank undone. */
  readonly words: readonly string[];
  /** For every word its subword ids, at least one. */
  readonly subwords: readonly (readonly number[])[];
  readonly windows: readonly Window[];
}

const escapes: ReadonlyMap<string, string> = new Map([
  ['-LRB-', '('],
  ['-RRB-', ')'],
  ['-LSB-', '['],
  ['-RSB-', ']'],
  ['-LCB-', '{'],
  ['-RCB-', '}'],
  ['``', '"'],
  ["''", '"'],
]);

/**
 * Cuts a document of words into subwords and, where it is too long, into overlapping windows of whole sentences.
 *
 * @param window  most subwords of a window, [CLS] and [SEP] included
 */
export const piecesOf = (sentences: readonly (readonly string[])[], tokenizer: Pick<Tokenizer, 'encodeWords'>, window: number): Pieces => {
  const spelt = sentences.flat().map((word) => escapes.get(word) ?? word);
  const { ids, first, last } = tokenizer.encodeWords(spelt);
  const limit = window - 2;
  // A "word" of thousands of characters is one only to the splitter: its head stands for it.
  const subwords = first.map((from, i) => ids.slice(from, Math.min(last[i]! + 1, from + limit)));
  const counts = subwords.map((list) => list.length);
  const units: { start: number; end: number }[] = [];
  let at = 0;
  for (const { length } of sentences) {
    units.push(...cut(counts, at, at + length, limit));
    at += length;
  }
  return { words: spelt.map(comparable), subwords, windows: windowsOf(units, counts, limit) };
};

const comparable = (word: string): string => {
  const lower = word.toLowerCase();
  return lower.length > 3 && lower.endsWith('s') && !lower.endsWith('ss') ? lower.slice(0, -1) : lower;
};

/** A sentence, in pieces of at most `limit` subwords. */
const cut = (counts: readonly number[], start: number, end: number, limit: number): { start: number; end: number }[] => {
  const pieces: { start: number; end: number }[] = [];
  let [from, used] = [start, 0];
  for (let word = start; word < end; word++) {
    if (used + counts[word]! > limit && word > from) {
      pieces.push({ start: from, end: word });
      [from, used] = [word, 0];
    }
    used += counts[word]!;
  }
  if (end > from) pieces.push({ start: from, end });
  return pieces;
};

/**
 * Windows of whole sentences, each about half over the next; a sentence belongs to the window in which it stands farthest from an inner edge.
 *
 * @param units  sentences (or pieces of one), end to end
 */
const windowsOf = (units: readonly { start: number; end: number }[], counts: readonly number[], limit: number): Window[] => {
  if (units.length === 0) return [];
  const before = [0];
  for (const count of counts) before.push(before.at(-1)! + count);
  const size = (a: number, b: number) => before[units[b]!.end]! - before[units[a]!.start]!; // subwords of units a … b
  const ranges: { from: number; to: number }[] = [];
  for (let from = 0; ; ) {
    let to = from;
    while (to + 1 < units.length && size(from, to + 1) <= limit) to++;
    // The last window reaches back as far as it can.
    if (to === units.length - 1) while (from > 0 && size(from - 1, to) <= limit) from--;
    ranges.push({ from, to });
    if (to === units.length - 1) break;
    const full = size(from, to);
    let next = from + 1;
    while (next <= to && size(next, to) > full / 2) next++;
    from = Math.min(next, to + 1);
  }
  const owner = units.map((_, unit) => {
    let best = { range: -1, margin: -1 };
    for (const [range, { from, to }] of ranges.entries()) {
      if (unit < from || unit > to) continue;
      const left = from === 0 ? Number.POSITIVE_INFINITY : before[units[unit]!.start]! - before[units[from]!.start]!;
      const right = to === units.length - 1 ? Number.POSITIVE_INFINITY : before[units[to]!.end]! - before[units[unit]!.end]!;
      const margin = Math.min(left, right);
      if (margin > best.margin) best = { range, margin };
    }
    return best.range;
  });
  return ranges.map(({ from, to }, range) => ({ start: units[from]!.start, end: units[to]!.end, sentences: units.filter((_, unit) => owner[unit] === range) }));
};
