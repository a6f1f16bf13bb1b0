import type { Pushdown, Reading, State } from './pushdown.ts';
import type { Terminal } from './terminal.ts';
import { addTokens, noTokens, type TokenSet, tokenSet } from './token-set.ts';
import type { VocabularyTrie } from './vocabulary-trie.ts';

/** The tokens that may follow a state. */
export interface Allowed {
  readonly tokens: TokenSet;
  /** Tokens that complete the answer after the worst of them, if they are well chosen. */
  readonly worst: number;
}

/** What a vocabulary's tokens do within a terminal, wherever in a grammar it stands. */
interface Within {
  readonly tokens: TokenSet;
  readonly worst: number;
  /** Nodes of the vocabulary where the terminal may be over and longer tokens go on. */
  readonly exits: Int32Array;
}

const mostWithin = 512; // of a terminal
const mostMasks = 1024; // of a grammar
/** By the state that a terminal is in, and by how many tokens may complete it. */
type Withins = Map<number, Map<number, Within>>;
const withins = new WeakMap<VocabularyTrie, WeakMap<Terminal, Withins>>();

/**
 * Finds the tokens after which an answer can still be completed. Whatever was found for a terminal is shared by all grammars that have it, and for a state by all sequences: most calls look up.
 *
 * @returns a function of a state and how many tokens may follow the next one; those are not kept
 */
export const allowedTokens = (automaton: Pushdown, vocabulary: VocabularyTrie): ((state: State, most?: number) => Allowed) => {
  const masks = new Map<number, Allowed>();
  const ofTerminals = withins.get(vocabulary) ?? new WeakMap<Terminal, Withins>();
  withins.set(vocabulary, ofTerminals);

  const keep = <T>(map: Map<number, T>, most: number, key: number, find: () => T): T => {
    const known = map.get(key);
    if (known) return known;
    if (map.size >= most) map.delete(map.keys().next().value!);
    const found = find();
    map.set(key, found);
    return found;
  };
  const within = (reading: Reading, most: number): Within => {
    const terminal = automaton.grammar.terminals[reading.terminal]!;
    const known: Withins = ofTerminals.get(terminal) ?? new Map();
    ofTerminals.set(terminal, known);
    const atMost = (left: number): Within => {
      const ofStates = known.get(left) ?? new Map<number, Within>();
      known.set(left, ofStates);
      return keep(ofStates, mostWithin, reading.state, () =>
        walkTerminal(vocabulary, terminal, reading.state, (state) => automaton.rest({ ...reading, state }), left),
      );
    };
    const all = atMost(Number.POSITIVE_INFINITY);
    return all.worst <= most ? all : atMost(Math.max(most, -1));
  };
  const find = (state: State, most: number): Allowed => {
    const bits = noTokens(vocabulary.vocab);
    const exits = new Map<number, State[]>();
    let worst = 0;
    for (const reading of state.readings) {
      const inside = within(reading, most - reading.stack.cost);
      addTokens(bits, inside.tokens);
      worst = Math.max(worst, inside.worst + reading.stack.cost);
      for (const node of inside.exits) {
        const known = exits.get(node);
        const after = automaton.after(reading.stack);
        if (known) known.push(after);
        else exits.set(node, [after]);
      }
    }
    const joined = new Map<string, State>();
    for (const [node, states] of exits) {
      const key = states.map(({ id }) => id).join();
      const after = joined.get(key) ?? automaton.any(states);
      joined.set(key, after);
      worst = Math.max(worst, walkAfter(automaton, vocabulary, node, after, most, bits));
    }
    return { tokens: tokenSet(bits), worst };
  };

  return (state, most = Number.POSITIVE_INFINITY) => {
    const far = automaton.far(state);
    const all = keep(masks, mostMasks, far.id, () => find(far, Number.POSITIVE_INFINITY));
    return all.worst <= most ? all : find(state, most);
  };
};

/** Sets a bit for every token that ends within the terminal, or with it, where at most `most` tokens complete it. */
const walkTerminal = (vocabulary: VocabularyTrie, terminal: Terminal, from: number, rest: (state: number) => number, most: number): Within => {
  const { byte, depth, end, tokensFrom, tokens } = vocabulary;
  const states = new Float64Array(vocabulary.longest + 1);
  const bits = noTokens(vocabulary.vocab);
  const exits: number[] = [];
  let worst = 0;
  states[0] = from;
  for (let node = 1; node < byte.length; ) {
    const state = terminal.next(states[depth[node]! - 1]!, byte[node]!);
    if (state < 0) {
      node = end[node]!;
      continue;
    }
    states[depth[node]!] = state;
    if (tokensFrom[node]! < tokensFrom[node + 1]!) {
      const left = rest(state);
      if (left <= most && left !== Number.POSITIVE_INFINITY) {
        worst = Math.max(worst, left);
        for (let i = tokensFrom[node]!; i < tokensFrom[node + 1]!; i++) bits[tokens[i]! >>> 5]! |= 1 << (tokens[i]! & 31);
      }
    }
    if (end[node]! > node + 1 && terminal.accepts(state)) exits.push(node);
    node++;
  }
  return { tokens: tokenSet(bits), worst, exits: Int32Array.from(exits) };
};

/** Sets a bit for every token below a node of the vocabulary that goes on from a state. @returns the highest cost after one of them */
const walkAfter = (automaton: Pushdown, vocabulary: VocabularyTrie, root: number, from: State, most: number, bits: Uint32Array): number => {
  const { byte, depth, end, tokensFrom, tokens } = vocabulary;
  const states: State[] = [from];
  let worst = 0;
  for (let node = root + 1; node < end[root]!; ) {
    const at = depth[node]! - depth[root]!;
    const state = automaton.next(states[at - 1]!, byte[node]!);
    if (!state) {
      node = end[node]!;
      continue;
    }
    states[at] = state;
    if (tokensFrom[node]! < tokensFrom[node + 1]! && state.cost <= most && state.cost !== Number.POSITIVE_INFINITY) {
      worst = Math.max(worst, state.cost);
      for (let i = tokensFrom[node]!; i < tokensFrom[node + 1]!; i++) bits[tokens[i]! >>> 5]! |= 1 << (tokens[i]! & 31);
    }
    node++;
  }
  return worst;
};
