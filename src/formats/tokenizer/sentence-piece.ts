import { FormatError } from '../../core/index.ts';
import type { Merges } from './byte-pairs-merge.ts';
import { mergeWord, spellInBytes, type WordModel } from './byte-pairs-model.ts';

const characters = 0x110000;
const pairLimit = 2 ** 18;

/**
 * SentencePiece's byte-pair encoding: of all neighbours whose text together is a piece, those that make the piece of the highest score merge first.
 *
 * @param pieces   those that text may become, with ids and scores; not control, unknown and byte pieces
 * @param options.bytes    ids of the 256 bytes, for characters that are no piece
 * @param options.unknown  the id of a character that is no piece, where bytes are not wanted
 * @throws FormatError for a score that is no number
 */
export const scoredPieces = (
  pieces: Iterable<{ readonly text: string; readonly id: number; readonly score: number }>,
  { bytes, unknown }: { readonly bytes: readonly (number | undefined)[] | undefined; readonly unknown: number },
  where: string,
): WordModel => {
  const idOf = new Map<string, number>();
  const textOf: string[] = [];
  const scores = new Map<number, number>();
  for (const { text, id, score } of pieces) {
    if (Number.isNaN(score)) throw new FormatError(`${where}: expected a number as score of ${JSON.stringify(text.slice(0, 40))}, got none; fetch it again`);
    if (idOf.has(text)) continue;
    idOf.set(text, id);
    textOf[id] = text;
    scores.set(id, score);
  }
  const order = new Map([...new Set(scores.values())].sort((a, b) => b - a).map((score, rank) => [score, rank]));
  const ranks: number[] = [];
  for (const [id, score] of scores) ranks[id] = order.get(score)!;

  // A symbol is a piece's id or, for a character that is no piece, less than zero: its code point's complement.
  const spell = (symbol: number): string => (symbol < 0 ? String.fromCodePoint(~symbol) : textOf[symbol]!);
  const known = new Map<number, number>();
  const rules: Merges = {
    find: (left, right) => {
      const key = (left + characters) * 2 ** 23 + right + characters;
      let merge = known.get(key);
      if (merge === undefined) {
        if (known.size >= pairLimit) known.clear();
        merge = idOf.get(spell(left) + spell(right)) ?? -1;
        known.set(key, merge);
      }
      return merge;
    },
    rank: (merge) => ranks[merge]!,
    made: (merge) => merge,
    planned: (merge, rank) => ranks[merge] === rank,
  };
  return (word) => {
    const symbols = { ids: [] as number[], ends: [] as number[] };
    let at = 0;
    for (const character of word) {
      at += character.length;
      symbols.ids.push(idOf.get(character) ?? ~character.codePointAt(0)!);
      symbols.ends.push(at);
    }
    const { ids, ends } = mergeWord(symbols, rules);
    if (ids.every((id) => id >= 0)) return { ids, ends };
    const [spelt, speltEnds]: [number[], number[]] = [[], []];
    for (const [i, id] of ids.entries()) {
      const found = id >= 0 ? [id] : ((bytes && spellInBytes(spell(id), bytes)) ?? [unknown]);
      const again = found[0] === unknown && spelt.at(-1) === unknown; // what is unknown in a row is one
      if (again) speltEnds[speltEnds.length - 1] = ends[i]!;
      else
        for (const one of found) {
          spelt.push(one);
          speltEnds.push(ends[i]!);
        }
    }
    return { ids: Int32Array.from(spelt), ends: Int32Array.from(speltEnds) };
  };
};
