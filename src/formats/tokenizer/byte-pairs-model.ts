import { FormatError } from '../../core/index.ts';
import { type Merges, mergePairs } from './byte-pairs-merge.ts';

/** The tokens of a word; `ends` says for each where it ends in the word, in UTF-16 units. */
export interface Word {
  readonly ids: Int32Array;
  readonly ends: Int32Array;
}
/** Finds the tokens of a word. */
export type WordModel = (word: string) => Word;

const idLimit = 2 ** 22;

/**
 * Byte-pair encoding with merges in order of rank.
 *
 * @param vocab    tokens to ids
 * @param merges   pairs of tokens, first to be merged first
 * @param options.whole      a word that is a token is that token, whatever merges would make of it
 * @param options.bytes      ids of the 256 bytes, for characters that are no token; undefined where there is no such thing
 * @param options.unknown    the id of what is no token; without it such characters vanish
 * @param options.fuse       unknown characters in a row are one
 * @throws FormatError for a merge of or into what is no token
 */
export const rankedPairs = (
  vocab: ReadonlyMap<string, number>,
  merges: Iterable<readonly [string, string]>,
  { whole, bytes, unknown, fuse }: { whole: boolean; bytes: readonly (number | undefined)[] | undefined; unknown: number | undefined; fuse: boolean },
  where: string,
): WordModel => {
  const made: number[] = [];
  const pairs = new Map<number, number>();
  for (const [left, right] of merges) {
    const ids = [vocab.get(left), vocab.get(right), vocab.get(left + right)];
    if (ids.includes(undefined))
      throw new FormatError(
        `${where}: expected merge ${made.length} to be of tokens and into one, got ${JSON.stringify([left.slice(0, 40), right.slice(0, 40)])}; fetch it again`,
      );
    pairs.set(ids[0]! * idLimit + ids[1]!, made.length);
    made.push(ids[2]!);
  }
  const rules: Merges = {
    find: (left, right) => pairs.get(left * idLimit + right) ?? -1,
    rank: (merge) => merge,
    made: (merge) => made[merge]!,
    // As in the reference, any merge into the same token will do.
    planned: (merge, rank) => made[merge] === made[rank],
  };
  return (word) => {
    const known = whole ? vocab.get(word) : undefined;
    if (known !== undefined) return { ids: Int32Array.of(known), ends: Int32Array.of(word.length) };
    return mergeWord(
      spellSymbols(word, (character) => vocab.get(character), { bytes, unknown, fuse }),
      rules,
    );
  };
};

export interface Symbols {
  readonly ids: number[];
  readonly ends: number[];
}

/** Each character's symbol; one that has none becomes its bytes, or the unknown token. */
const spellSymbols = (
  word: string,
  find: (character: string) => number | undefined,
  { bytes, unknown, fuse }: { bytes: readonly (number | undefined)[] | undefined; unknown: number | undefined; fuse: boolean },
): Symbols => {
  const ids: number[] = [];
  const ends: number[] = [];
  let at = 0;
  let afterUnknown = false;
  for (const character of word) {
    at += character.length;
    const id = find(character);
    const found = id === undefined ? bytes && spellInBytes(character, bytes) : [id];
    if (found)
      for (const one of found) {
        ids.push(one);
        ends.push(at);
      }
    else if (fuse && afterUnknown) ends[ends.length - 1] = at;
    else if (unknown !== undefined) {
      ids.push(unknown);
      ends.push(at);
    }
    afterUnknown = !found && unknown !== undefined;
  }
  return { ids, ends };
};

const encoder = new TextEncoder();
/** The ids of a character's bytes; undefined where one of them has none. */
export const spellInBytes = (character: string, bytes: readonly (number | undefined)[]): number[] | undefined => {
  const ids = Array.from(encoder.encode(character), (byte) => bytes[byte]);
  return ids.every((id) => id !== undefined) ? ids : undefined;
};

export const mergeWord = (symbols: Symbols, rules: Merges): Word => {
  const ids = Int32Array.from(symbols.ids);
  const ends = Int32Array.from(symbols.ends);
  const kept = ids.length > 1 ? mergePairs(ids, ends, rules) : ids.length;
  return kept === ids.length ? { ids, ends } : { ids: ids.slice(0, kept), ends: ends.slice(0, kept) };
};
