import { ConfigError } from '../../core/index.ts';
import type { Grammar } from './grammar.ts';
import { shortestTexts } from './shortest.ts';
import { vocabularyTrie } from './vocabulary-trie.ts';

const everyByte = vocabularyTrie((byte) => Uint8Array.of(byte), 256);

/**
 * @param paths  where in the schema nodes come from
 * @throws ConfigError where a node is one of its own alternatives, and where there is no text at all
 */
export const checkGrammar = (grammar: Grammar, paths: ReadonlyMap<number, string>): void => {
  checkAlternatives(grammar, paths);
  const costs = shortestTexts(grammar, (terminal) => {
    const own = grammar.terminals[terminal]!;
    return own.rest(everyByte)(own.start);
  });
  if (costs[grammar.root] !== Number.POSITIVE_INFINITY) return;
  // The innermost place that is to blame, as far as one is.
  const seen = new Set<number>();
  let path = '#';
  for (let at: number | undefined = grammar.root; at !== undefined && !seen.has(at); ) {
    seen.add(at);
    path = paths.get(at) ?? path;
    const node: Grammar['nodes'][number] = grammar.nodes[at]!;
    const parts: readonly number[] = node.kind === 'repeat' ? [node.part] : node.kind === 'terminal' ? [] : node.parts;
    const lost: readonly number[] = parts.filter((part) => costs[part] === Number.POSITIVE_INFINITY && !isNothing(grammar, part));
    at = node.kind === 'choice' && lost.length > 1 ? undefined : lost[0];
  }
  throw new ConfigError(`schema ${path}: expected a schema that some value fits, got one that none does; loosen it, or require nothing of it`);
};

const isNothing = ({ nodes }: Grammar, at: number): boolean => {
  const node = nodes[at]!;
  return node.kind === 'choice' && node.parts.length === 0;
};

/** Follows alternatives only: every other way to a part of a node passes a piece of text. */
const checkAlternatives = ({ nodes }: Grammar, paths: ReadonlyMap<number, string>): void => {
  const state = new Uint8Array(nodes.length); // 1 on the way, 2 done
  for (const first of nodes.keys()) {
    const pending = [first];
    while (pending.length > 0) {
      const at = pending.at(-1)!;
      const node = nodes[at]!;
      if (state[at] !== 0 || node.kind !== 'choice') {
        state[at] = 2;
        pending.pop();
        continue;
      }
      state[at] = 1;
      for (const part of node.parts) {
        if (state[part] === 1)
          throw new ConfigError(
            `schema ${paths.get(part) ?? paths.get(at) ?? '#'}: expected alternatives that lead somewhere, got one that leads back to itself; take it away`,
          );
        if (state[part] === 0) pending.push(part);
      }
    }
  }
};
