import { ConfigError } from '../../core/index.ts';
import type { TokenMask } from '../request.ts';
import { type Allowed, allowedTokens } from './allowed-tokens.ts';
import type { Grammar } from './grammar.ts';
import { type Pushdown, pushdown, type State } from './pushdown.ts';
import { keepTokens } from './token-set.ts';
import type { VocabularyTrie } from './vocabulary-trie.ts';

export interface TokenMaskOptions {
  readonly grammar: Grammar;
  /** `vocabularyTrie` of the model's tokenizer: one for all requests. */
  readonly vocabulary: VocabularyTrie;
  /** Tokens that end the answer. They write nothing. */
  readonly endIds: readonly number[];
}

/** Lets one sequence write what its grammar allows, and nothing else. */
export interface GrammarMask extends TokenMask {
  /** Scores [vocab] of tokens after which no answer can be completed become -Infinity. End tokens keep theirs exactly where the answer may end. @throws ConfigError for another number of scores */
  apply(scores: Float32Array): void;
  /** @throws ConfigError for a token that has no place here */
  accept(id: number): void;
  /**
   * Says how many tokens may still come, end tokens not counted; each that is accepted takes one. When they get few, only tokens remain that leave enough to complete the answer. Where there are too few to
   * begin with, those that complete it soonest.
   */
  limit(tokens: number): void;
  /** Whether what was accepted is a whole answer. */
  readonly complete: boolean;
  /** Whether nothing but the end can come, or has come. */
  readonly done: boolean;
  /** Another sequence that begins like this one. */
  clone(): GrammarMask;
}

interface Shared {
  readonly automaton: Pushdown;
  readonly allowed: (state: State, most?: number) => Allowed;
}
const shared = new WeakMap<VocabularyTrie, WeakMap<Grammar, Shared>>();

/**
 * Opens a mask for one sequence.
 *
 * @throws ConfigError where the vocabulary cannot write any answer, for no end tokens, and for end tokens that write something
 */
export const openTokenMask = ({ grammar, vocabulary, endIds }: TokenMaskOptions): GrammarMask => {
  const odd = endIds.find((id) => !Number.isInteger(id) || id < 0 || id >= vocabulary.vocab || vocabulary.bytesOf(id).length > 0);
  if (endIds.length === 0 || odd !== undefined)
    throw new ConfigError(
      `grammar: expected end tokens of the vocabulary that write nothing, got ${odd ?? 'none'}; name the tokenizer's end tokens and give them no bytes in the vocabulary`,
    );
  const ofGrammars = shared.get(vocabulary) ?? new WeakMap<Grammar, Shared>();
  shared.set(vocabulary, ofGrammars);
  let work = ofGrammars.get(grammar);
  if (!work) {
    const automaton = pushdown(grammar, vocabulary);
    work = { automaton, allowed: allowedTokens(automaton, vocabulary) };
    ofGrammars.set(grammar, work);
  }
  const start = work.automaton.start();
  if (start.cost === Number.POSITIVE_INFINITY)
    throw new ConfigError(
      'grammar: expected a vocabulary that can write an answer, got one that lacks bytes of each; use a tokenizer with a token for every byte',
    );
  return maskAt(work, vocabulary, endIds, start, Number.POSITIVE_INFINITY, false);
};

const maskAt = (
  { automaton, allowed }: Shared,
  vocabulary: VocabularyTrie,
  endIds: readonly number[],
  from: State,
  most: number,
  over: boolean,
): GrammarMask => {
  let [state, left, ended] = [from, most, over];
  const refuse = (id: number): never => {
    throw new ConfigError(`grammar: expected a token that the mask had left, got ${id}; apply the mask before a token is drawn`);
  };
  return {
    apply(scores) {
      if (scores.length !== vocabulary.vocab)
        throw new ConfigError(`grammar: expected ${vocabulary.vocab} scores, got ${scores.length}; make the vocabulary as large as the model's`);
      const ends = endIds.map((id) => scores[id]!);
      if (ended) scores.fill(Number.NEGATIVE_INFINITY);
      else keepTokens(scores, allowed(state, Math.max(left, state.cost) - 1).tokens);
      if (ended || state.mayEnd) for (const [i, id] of endIds.entries()) scores[id] = ends[i]!;
    },
    accept(id) {
      if (endIds.includes(id)) {
        if (!state.mayEnd) refuse(id);
        ended = true;
        return;
      }
      const bytes = vocabulary.bytesOf(id);
      if (ended || bytes.length === 0) refuse(id);
      let to = state;
      for (const byte of bytes) to = automaton.next(to, byte) ?? refuse(id);
      if (to.cost === Number.POSITIVE_INFINITY) refuse(id);
      state = to;
      left--;
    },
    limit(tokens) {
      left = tokens;
    },
    get complete() {
      return state.mayEnd;
    },
    get done() {
      return ended || (state.mayEnd && state.readings.length === 0);
    },
    clone: () => maskAt({ automaton, allowed }, vocabulary, endIds, state, left, ended),
  };
};
