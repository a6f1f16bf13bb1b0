import type { Terminal } from './terminal.ts';
import { childOf } from './vocabulary-trie.ts';

const encoder = new TextEncoder();

/** One of some texts, none of them empty. */
export const literals = (texts: readonly string[]): Terminal => {
  // A tree: of each node its byte, its first child and its next sibling. Children come after their parents.
  const [bytes, child, sibling] = [[0], [-1], [-1]];
  const accepted = new Set<number>();
  const next = (state: number, byte: number): number => {
    let at = child[state]!;
    while (at >= 0 && bytes[at] !== byte) at = sibling[at]!;
    return at;
  };
  for (const text of texts) {
    let state = 0;
    for (const byte of encoder.encode(text)) {
      let to = next(state, byte);
      if (to < 0) {
        to = bytes.push(byte) - 1;
        child.push(-1);
        sibling.push(child[state]!);
        child[state] = to;
      }
      state = to;
    }
    accepted.add(state);
  }
  return {
    start: 0,
    next,
    accepts: (state) => accepted.has(state),
    goesOn: (state) => child[state]! >= 0,
    rest(vocabulary) {
      // What is written is known, so whole tokens are counted and not bytes.
      const found = new Float64Array(bytes.length).fill(Number.POSITIVE_INFINITY);
      for (let state = bytes.length - 1; state >= 0; state--) {
        if (accepted.has(state)) found[state] = 0;
        const pending: [state: number, node: number][] = found[state] === 0 ? [] : [[state, 0]];
        for (let pair = pending.pop(); pair; pair = pending.pop())
          for (let at = child[pair[0]]!; at >= 0; at = sibling[at]!) {
            const node = childOf(vocabulary, pair[1], bytes[at]!);
            if (node < 0) continue;
            if (vocabulary.tokensFrom[node]! < vocabulary.tokensFrom[node + 1]!) found[state] = Math.min(found[state]!, found[at]! + 1);
            pending.push([at, node]);
          }
      }
      return (state) => found[state]!;
    },
  };
};
