import type { Grammar } from './grammar.ts';
import { shortestTexts } from './shortest.ts';
import { type Frame, openStacks, type Stack } from './stacks.ts';
import { farCount, nextCount } from './terminal.ts';
import type { VocabularyTrie } from './vocabulary-trie.ts';

/** One reading of the text so far. */
export interface Reading {
  readonly terminal: number;
  /** Of the terminal. */
  readonly state: number;
  readonly stack: Stack;
}

/** All readings of the text so far. */
export interface State {
  readonly id: number;
  readonly readings: readonly Reading[];
  readonly mayEnd: boolean;
  /** Tokens that complete the answer, if they are well chosen: at most so many. Infinity where none do. */
  readonly cost: number;
}

/** A grammar at work with a vocabulary: an automaton over bytes with a stack, computed as it is needed. Parts of the grammar that the vocabulary cannot write do not exist in it. */
export interface Pushdown {
  readonly grammar: Grammar;
  start(): State;
  /** @returns undefined where no text goes on so */
  next(state: State, byte: number): State | undefined;
  /** Where a terminal is over. */
  after(stack: Stack): State;
  /** All readings of some states. */
  any(states: readonly State[]): State;
  /** Tokens that complete the terminal of a reading. */
  rest(reading: Reading): number;
  /** A state that no token tells from this one. Nothing costs less from there. */
  far(state: State): State;
}

// Levels of an answer, objects counting one and lists two: deeper than that it goes on by the shortest way, so that it ends, and no reader of it runs out of stack.
const mostDepth = 200;

/** @param mostKept  states and stacks that are remembered; then it begins anew */
export const pushdown = (grammar: Grammar, vocabulary: VocabularyTrie, mostKept = 60_000): Pushdown => {
  const { nodes, terminals, root } = grammar;
  const rests = terminals.map((terminal) => terminal.rest(vocabulary));
  const costs = shortestTexts(grammar, (terminal) => rests[terminal]!(terminals[terminal]!.start));
  const restOf = ({ terminal, state }: Reading): number => rests[terminal]!(state);
  const costFrom = (index: number, at: number): number => {
    const node = nodes[index]!;
    if (node.kind === 'repeat') return node.least > at ? (node.least - at) * costs[node.part]! : 0;
    return node.kind === 'sequence' ? node.parts.slice(at).reduce((sum, part) => sum + costs[part]!, 0) : 0;
  };
  const stacks = openStacks(costFrom, (index, at) => {
    const node = nodes[index]!;
    return node.kind === 'repeat' ? farCount(at, node, vocabulary.longest) : at;
  });
  let ids = 0;
  let states = new Map<string, State>();
  let nexts = new WeakMap<State, Map<number, State | undefined>>();
  let afters = new WeakMap<Stack, State>();
  let fars = new WeakMap<State, State>();
  let first: State | undefined;
  const forget = (): void => {
    [states, nexts, afters, fars, first] = [new Map(), new WeakMap(), new WeakMap(), new WeakMap(), undefined];
    stacks.forget();
  };
  const stateOf = (readings: readonly Reading[], mayEnd: boolean): State => {
    const key = `${mayEnd} ${readings.map(({ terminal, state, stack }) => `${terminal}:${state}:${stack.id}`).join(' ')}`;
    let found = states.get(key);
    if (!found) {
      if (states.size + stacks.size > mostKept) forget();
      const cost = readings.reduce((least, reading) => Math.min(least, restOf(reading) + reading.stack.cost), mayEnd ? 0 : Number.POSITIVE_INFINITY);
      found = { id: ids++, readings, mayEnd, cost };
      states.set(key, found);
    }
    return found;
  };

  /** Collects readings, and those that follow where a part is over. */
  const collect = () => {
    const found = new Map<string, { terminal: number; state: number; stacks: Stack[] }>();
    const seen = new Set<string>();
    const pending: Frame[] = [];
    let mayEnd = false;
    const add = ({ terminal, state, stack }: Reading): void => {
      const own = found.get(`${terminal}:${state}`);
      if (own) own.stacks.push(stack);
      else found.set(`${terminal}:${state}`, { terminal, state, stacks: [stack] });
    };
    const leave = (stack: Stack): void => {
      mayEnd ||= stack.bottom;
      for (const frame of stack.frames) pending.push(frame);
    };
    const enter = (node: number, below: Stack): void => {
      if (costs[node] !== Number.POSITIVE_INFINITY) pending.push({ node, at: 0, below });
    };
    const unfold = ({ node: index, at, below }: Frame): void => {
      const node = nodes[index]!;
      if (node.kind === 'terminal') add({ terminal: node.terminal, state: terminals[node.terminal]!.start, stack: below });
      else if (node.kind === 'choice') {
        for (const part of node.parts) if (below.depth < mostDepth || costs[part] === costs[index]) enter(part, below);
      } else if (node.kind === 'sequence') {
        if (at === node.parts.length) leave(below);
        else enter(node.parts[at]!, at + 1 === node.parts.length ? below : stacks.push(index, at + 1, below));
      } else {
        if (at >= node.least) leave(below);
        if (at < node.most && (below.depth < mostDepth || at < node.least)) enter(node.part, stacks.push(index, nextCount(at, node), below));
      }
    };
    const state = (): State => {
      for (let frame = pending.pop(); frame; frame = pending.pop()) {
        const key = `${frame.node}:${frame.at}:${frame.below.id}`;
        if (!seen.has(key)) unfold(frame);
        seen.add(key);
      }
      const sorted = [...found.values()].sort((a, b) => a.terminal - b.terminal || a.state - b.state);
      return stateOf(
        sorted.map((own) => ({ terminal: own.terminal, state: own.state, stack: stacks.any(own.stacks) })),
        mayEnd,
      );
    };
    return { add, leave, enter, state };
  };
  const remembered = <Key extends object>(known: WeakMap<Key, State>, key: Key, find: (all: ReturnType<typeof collect>) => void): State => {
    let found = known.get(key);
    if (!found) {
      const all = collect();
      find(all);
      found = all.state();
      known.set(key, found);
    }
    return found;
  };
  const addAll = (all: ReturnType<typeof collect>, { readings, mayEnd }: State): void => {
    for (const reading of readings) all.add(reading);
    if (mayEnd) all.leave(stacks.bottom);
  };

  return {
    grammar,
    start() {
      if (!first) {
        const all = collect();
        all.enter(root, stacks.bottom);
        first = all.state();
      }
      return first;
    },
    next(state, byte) {
      const known = nexts.get(state) ?? new Map<number, State | undefined>();
      if (known.has(byte)) return known.get(byte);
      nexts.set(state, known);
      const all = collect();
      let any = false;
      for (const { terminal, state: from, stack } of state.readings) {
        const { next, accepts, goesOn } = terminals[terminal]!;
        const to = next(from, byte);
        if (to < 0) continue;
        any = true;
        if (goesOn(to)) all.add({ terminal, state: to, stack });
        if (accepts(to)) all.leave(stack);
      }
      const found = any ? all.state() : undefined;
      known.set(byte, found);
      return found;
    },
    after: (stack) => remembered(afters, stack, (all) => all.leave(stack)),
    any(some) {
      if (some.length === 1) return some[0]!;
      const all = collect();
      for (const state of some) addAll(all, state);
      return all.state();
    },
    rest: restOf,
    far: (state) =>
      remembered(fars, state, (all) => {
        const readings = state.readings.map(({ terminal, state: own, stack }) => ({
          terminal,
          state: terminals[terminal]!.far?.(own, vocabulary.longest) ?? own,
          stack: stacks.moved(stack),
        }));
        addAll(all, { ...state, readings });
      }),
  };
};
