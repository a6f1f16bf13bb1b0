import type { Grammar } from './grammar.ts';

/**
 * How many tokens write each node, if they are well chosen: Infinity where none do. Nodes are settled in ascending order, as Knuth generalised Dijkstra's algorithm to grammars.
 *
 * @param restOf  tokens that write a terminal
 * @returns [nodes]
 */
export const shortestTexts = ({ nodes }: Grammar, restOf: (terminal: number) => number): Float64Array => {
  const found = new Float64Array(nodes.length).fill(Number.POSITIVE_INFINITY);
  const users: number[][] = nodes.map(() => []);
  // Of a sequence: how many parts are not settled, and the sum of those that are.
  const open = new Int32Array(nodes.length);
  const sums = new Float64Array(nodes.length);
  const queue = lowestFirst();
  for (const [at, node] of nodes.entries()) {
    if (node.kind === 'terminal') queue.add(restOf(node.terminal), at);
    else if (node.kind === 'repeat') {
      if (node.least === 0) queue.add(0, at);
      else users[node.part]!.push(at);
    } else {
      for (const part of node.parts) users[part]!.push(at);
      open[at] = node.parts.length;
      if (node.kind === 'sequence' && node.parts.length === 0) queue.add(0, at);
    }
  }
  const settled = new Uint8Array(nodes.length);
  for (let next = queue.take(); next; next = queue.take()) {
    const [cost, at] = next;
    if (settled[at] || cost === Number.POSITIVE_INFINITY) continue;
    settled[at] = 1;
    found[at] = cost;
    for (const user of users[at]!) {
      const node = nodes[user]!;
      if (node.kind === 'choice') queue.add(cost, user);
      else if (node.kind === 'repeat') queue.add(cost * node.least, user);
      else {
        sums[user]! += cost;
        if (--open[user]! === 0) queue.add(sums[user]!, user);
      }
    }
  }
  return found;
};

/** A binary heap. */
const lowestFirst = () => {
  const items: [cost: number, node: number][] = [];
  const swap = (a: number, b: number): void => {
    [items[a], items[b]] = [items[b]!, items[a]!];
  };
  return {
    add(cost: number, node: number): void {
      let at = items.push([cost, node]) - 1;
      while (at > 0 && items[(at - 1) >> 1]![0] > items[at]![0]) {
        swap(at, (at - 1) >> 1);
        at = (at - 1) >> 1;
      }
    },
    take(): [cost: number, node: number] | undefined {
      if (items.length === 0) return undefined;
      swap(0, items.length - 1);
      const first = items.pop()!;
      for (let at = 0; ; ) {
        let least = at;
        for (const child of [2 * at + 1, 2 * at + 2]) if (child < items.length && items[child]![0] < items[least]![0]) least = child;
        if (least === at) return first;
        swap(at, least);
        at = least;
      }
    },
  };
};
