import type { VocabularyTrie } from './vocabulary-trie.ts';

/**
 * A regular piece of a grammar: a deterministic automaton over bytes, its states numbers. It accepts no empty text. Immutable, so grammars and sequences share it.
 */
export interface Terminal {
  readonly start: number;
  /** @returns the state after one more byte, -1 where no text goes on so */
  next(state: number, byte: number): number;
  accepts(state: number): boolean;
  /** Whether a byte may follow. */
  goesOn(state: number): boolean;
  /** How many tokens complete the text from a state, if they are well chosen: at most so many, and Infinity where no tokens may. */
  rest(vocabulary: VocabularyTrie): (state: number) => number;
  /** A state that no token of up to `longest` bytes tells from this one: what was found for it holds for this one. Nothing costs less from there. */
  far?(state: number, longest: number): number;
}

/** A count of repetitions that at most `longest` more cannot tell from this one. */
export const farCount = (count: number, { least, most }: { readonly least: number; readonly most: number }, longest: number): number => {
  if (most - count <= longest) return count;
  if (count >= least) return least;
  return least - count > longest ? 0 : count;
};

/** The next count; past the least it matters no more where there is no most. */
export const nextCount = (count: number, { least, most }: { readonly least: number; readonly most: number }): number =>
  most === Number.POSITIVE_INFINITY ? Math.min(count + 1, least) : count + 1;
