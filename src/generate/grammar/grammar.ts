import { ConfigError } from '../../core/index.ts';
import { literals } from './literals.ts';
import type { Terminal } from './terminal.ts';

/** A piece of a grammar; other pieces are named by their index. A `terminal` names one of the grammar's terminals. */
export type GrammarNode =
  | { readonly kind: 'terminal'; readonly terminal: number }
  | { readonly kind: 'sequence'; readonly parts: readonly number[] }
  | { readonly kind: 'choice'; readonly parts: readonly number[] }
  /** What is repeated is never empty. */
  | { readonly kind: 'repeat'; readonly part: number; readonly least: number; readonly most: number };

/** What texts are allowed. Immutable: any number of sequences and vocabularies share it. */
export interface Grammar {
  readonly nodes: readonly GrammarNode[];
  readonly terminals: readonly Terminal[];
  readonly root: number;
}

const mostNodes = 100_000;

/** Collects the nodes of a grammar. */
export interface GrammarBuilder {
  readonly nodes: readonly GrammarNode[];
  /** Writes nothing. */
  readonly empty: number;
  /** Has no text at all. */
  readonly never: number;
  terminal(terminal: Terminal): number;
  /** One of some texts, none of them empty. The same list is the same node. */
  literals(texts: readonly string[]): number;
  sequence(...parts: readonly number[]): number;
  choice(...parts: readonly number[]): number;
  repeat(part: number, least: number, most: number): number;
  /** A node that others may name before it is known what it stands for. */
  later(): { readonly node: number; readonly is: (node: number) => void };
  /** What a whole grammar writes. */
  include(grammar: Grammar): number;
  grammar(root: number): Grammar;
}

/** @throws ConfigError, also from its members, when a grammar becomes too large */
export const grammarBuilder = (where: string): GrammarBuilder => {
  const nodes: GrammarNode[] = [];
  const terminals: Terminal[] = [];
  const known = new Map<Terminal, number>();
  const listed = new Map<string, Terminal>();
  const add = (node: GrammarNode): number => {
    if (nodes.length === mostNodes) throw new ConfigError(`${where}: expected a schema that unfolds to at most ${mostNodes} pieces, got more; make it smaller`);
    return nodes.push(node) - 1;
  };
  const [empty, never] = [add({ kind: 'sequence', parts: [] }), add({ kind: 'choice', parts: [] })];
  const terminalOf = (terminal: Terminal): number => {
    const node = known.get(terminal) ?? add({ kind: 'terminal', terminal: terminals.push(terminal) - 1 });
    known.set(terminal, node);
    return node;
  };
  return {
    nodes,
    empty,
    never,
    terminal: terminalOf,
    literals(texts) {
      const key = JSON.stringify(texts);
      const found = listed.get(key) ?? literals(texts);
      listed.set(key, found);
      return terminalOf(found);
    },
    sequence: (...parts) => add({ kind: 'sequence', parts: parts.filter((part) => part !== empty) }),
    choice: (...parts) => (parts.length === 1 ? parts[0]! : add({ kind: 'choice', parts })),
    repeat: (part, least, most) => add({ kind: 'repeat', part, least, most }),
    later() {
      const parts: number[] = [];
      return { node: add({ kind: 'choice', parts }), is: (node) => void parts.push(node) };
    },
    include(grammar) {
      const own = grammar.terminals.map(terminalOf);
      const from = nodes.length;
      const at = (node: number): number => from + node;
      for (const node of grammar.nodes)
        if (node.kind === 'terminal') add({ kind: 'choice', parts: [own[node.terminal]!] });
        else if (node.kind === 'repeat') add({ ...node, part: at(node.part) });
        else add({ ...node, parts: node.parts.map(at) });
      return at(grammar.root);
    },
    grammar: (root) => ({ nodes, terminals, root }),
  };
};
