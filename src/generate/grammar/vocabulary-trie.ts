import { ConfigError } from '../../core/index.ts';

/** The bytes of all tokens as a tree, its nodes in depth-first order: whoever gives up a node goes on at its `end`. Built once for a tokenizer, shared by all that ask. */
export interface VocabularyTrie {
  readonly vocab: number;
  /** Bytes of the longest token. */
  readonly longest: number;
  /** Of a node: its byte, how many bytes lead to it, and the node after its last descendant. Node 0 is the root. */
  readonly byte: Uint8Array;
  readonly depth: Uint16Array;
  readonly end: Int32Array;
  /** tokens[tokensFrom[node] … tokensFrom[node + 1]] are written by the bytes to this node. */
  readonly tokensFrom: Int32Array;
  readonly tokens: Int32Array;
  /** [256] 1 where a byte is a token of its own. */
  readonly single: Uint8Array;
  bytesOf(id: number): Uint8Array;
}

const mostTokenBytes = 65_535;

/**
 * @param tokenBytes  the bytes that a token writes; none for special tokens, which then have no place inside an answer, and for ids that are no token
 * @param vocab       scores of the model: ids from 0 to vocab − 1
 * @throws ConfigError for a vocabulary without tokens that write, or with a token of more than 65535 bytes
 */
export const vocabularyTrie = (tokenBytes: (id: number) => Uint8Array, vocab: number): VocabularyTrie => {
  const all = Array.from({ length: vocab }, (_, id) => tokenBytes(id));
  const ids = all.flatMap(({ length }, id) => (length > 0 ? [id] : [])).sort((a, b) => Buffer.compare(all[a]!, all[b]!) || a - b);
  const longest = ids.reduce((most, id) => Math.max(most, all[id]!.length), 0);
  if (longest === 0 || longest > mostTokenBytes)
    throw new ConfigError(`vocabulary: expected tokens that write 1 to ${mostTokenBytes} bytes, got a longest one of ${longest}; give the bytes of each token`);
  const most = ids.reduce((sum, id) => sum + all[id]!.length, 1);
  const [byte, depth, end, tokensFrom] = [new Uint8Array(most), new Uint16Array(most), new Int32Array(most), new Int32Array(most + 1)];
  const path = [0]; // nodes from the root to the last token
  let nodes = 1;
  let before: Uint8Array = new Uint8Array();
  const close = (keep: number): void => {
    while (path.length > keep + 1) end[path.pop()!] = nodes;
  };
  for (const [at, id] of ids.entries()) {
    const bytes = all[id]!;
    let common = 0;
    while (common < before.length && bytes[common] === before[common]) common++;
    close(common);
    for (let i = common; i < bytes.length; i++) {
      byte[nodes] = bytes[i]!;
      depth[nodes] = i + 1;
      tokensFrom[nodes] = at;
      path.push(nodes++);
    }
    before = bytes;
  }
  close(0);
  end[0] = nodes;
  tokensFrom[nodes] = ids.length;
  const single = new Uint8Array(256);
  for (const id of ids) if (all[id]!.length === 1) single[all[id]![0]!] = 1;
  return {
    vocab,
    longest,
    byte: byte.slice(0, nodes),
    depth: depth.slice(0, nodes),
    end: end.slice(0, nodes),
    tokensFrom: tokensFrom.slice(0, nodes + 1),
    tokens: Int32Array.from(ids),
    single,
    bytesOf: (id) => all[id] ?? new Uint8Array(),
  };
};

/** The node that a byte leads to from another; -1 where none. */
export const childOf = ({ byte, end }: VocabularyTrie, node: number, wanted: number): number => {
  for (let at = node + 1; at < end[node]! && byte[at]! <= wanted; at = end[at]!) if (byte[at] === wanted) return at;
  return -1;
};
