import { ConfigError } from '../../core/index.ts';
import { type Component, componentName, headsAndMlps } from './component.ts';
import type { Parts, PartsOutput } from './parts.ts';
import { minus, plus, products, rowAt } from './rows.ts';
import { checkText, throughBlocks } from './through-blocks.ts';

export interface Path {
  /** Embedding, head or feed-forward part whose output is another text's. */
  readonly sender: Component;
  /** The head or feed-forward part that alone reads it, or the last norm. */
  readonly receiver: Component | 'logits';
  /** Places at which the sender is replaced. Default: all. */
  readonly positions?: readonly number[] | undefined;
}

export interface PathPatched {
  /** Logits at the last token of the tokens asked for, nothing replaced. */
  readonly plain: readonly number[];
  readonly patched: readonly number[];
}

/** Two texts that have been read: any number of paths between their components can be tried. */
export interface Paths {
  /** Logits at the last token of the tokens asked for, of either text as it is. */
  logits(tokens: readonly number[]): Promise<{ readonly own: readonly number[]; readonly other: readonly number[] }>;
  /** @throws ConfigError for a component that there is not, or a receiver that does not come after the sender */
  patch(path: Path, tokens: readonly number[]): Promise<PathPatched>;
}

/**
 * Reads two texts for path patching. The sender's output becomes that of the other text; only the receiver reads the difference, along the residual stream, while every component in between puts out what it did; what comes after
 * the receiver is computed anew with the receiver's new output.
 *
 * @param ids, other  texts of as many tokens each
 * @throws ConfigError for texts of different lengths, without tokens or too long
 * Source: K. Wang et al., arXiv:2211.00593. Different: a head reads the difference in its queries, keys and values together; feed-forward parts in between are frozen as heads are.
 */
export const openPaths = async (parts: Parts, ids: readonly number[], other: readonly number[]): Promise<Paths> => {
  checkText('path', parts, ids);
  if (other.length !== ids.length) throw new ConfigError(`path: expected two texts of as many tokens, got ${ids.length} and ${other.length}; make them alike`);
  const { hidden, heads, layers } = parts.config;
  const places = [...ids.keys()];
  const readingsOf = async (text: readonly number[]): Promise<Reading[]> => {
    const readings: Reading[] = [];
    for await (const { entering, made } of throughBlocks(parts, text)) readings.push({ entering, made });
    return readings;
  };
  const [ours, theirs] = [await readingsOf(ids), await readingsOf(other)];
  const logitsOf = async (stream: Float32Array, tokens: readonly number[]): Promise<number[]> =>
    products(await parts.final(rowAt(stream, hidden, ids.length - 1)), await parts.directions(tokens), hidden)[0]!;
  const leaving = (readings: readonly Reading[]): Float32Array => readings[layers - 1]!.made.stream;

  /** What the sender makes of the other text less what it makes of this one, in the residual stream. */
  const differenceOf = async (sender: Component, positions: readonly number[]): Promise<Float32Array> => {
    const at = Math.max(0, layerOf(sender));
    const [own, their] = [ours[at]!, theirs[at]!];
    const replaced = (x: Float32Array, y: Float32Array, from = 0, count = x.length / ids.length): Float32Array => {
      const made = x.slice();
      const width = x.length / ids.length;
      for (const place of positions) made.set(y.subarray(place * width + from, place * width + from + count), place * width + from);
      return made;
    };
    if (sender.kind === 'embed') return minus(replaced(own.entering, their.entering), own.entering);
    if (sender.kind !== 'head') return minus(replaced(own.made.mlp, their.made.mlp), own.made.mlp);
    const width = own.made.z.length / ids.length / heads;
    const z = replaced(own.made.z, their.made.z, sender.head * width, width);
    return minus(await parts.added(at, z), await parts.added(at, own.made.z));
  };

  /** What leaves the last block once the receiver has read the difference. */
  const received = async (receiver: Component, difference: Float32Array): Promise<Float32Array> => {
    const end = layerOf(receiver);
    const { entering, made } = ours[end]!;
    const read = plus(entering, difference);
    let stream: Float32Array;
    if (receiver.kind === 'head') {
      const width = made.z.length / ids.length / heads;
      const { z: reads } = await parts.block(end, { stream: read, positions: places });
      const z = made.z.slice();
      for (const place of places) {
        const from = place * heads * width + receiver.head * width;
        z.set(reads.subarray(from, from + width), from);
      }
      stream = (await parts.block(end, { stream: entering, positions: places, z })).stream;
    } else {
      const { mlp } = await parts.block(end, { stream: read, positions: places, attention: made.attention });
      stream = plus(made.stream, minus(mlp, made.mlp));
    }
    for (let block = end + 1; block < layers; block++) stream = (await parts.block(block, { stream, positions: places })).stream;
    return stream;
  };

  return {
    logits: async (tokens) => ({ own: await logitsOf(leaving(ours), tokens), other: await logitsOf(leaving(theirs), tokens) }),
    async patch({ sender, receiver, positions = places }, tokens) {
      checkPath(parts, sender, receiver);
      const difference = await differenceOf(sender, positions);
      const stream = receiver === 'logits' ? plus(leaving(ours), difference) : await received(receiver, difference);
      return { plain: await logitsOf(leaving(ours), tokens), patched: await logitsOf(stream, tokens) };
    },
  };
};

interface Reading {
  readonly entering: Float32Array;
  readonly made: PartsOutput;
}

/**
 * One path: see `openPaths`.
 *
 * @param tokens  whose logits at the last token are asked for
 * @throws as `openPaths`, `Paths.patch`
 */
export const pathPatch = async (
  parts: Parts,
  ids: readonly number[],
  other: readonly number[],
  path: Path,
  tokens: readonly number[],
): Promise<PathPatched> => {
  checkText('path', parts, ids);
  checkPath(parts, path.sender, path.receiver);
  return (await openPaths(parts, ids, other)).patch(path, tokens);
};

/** Those that a receiver can read: the embedding, and the heads and feed-forward parts before it. */
export const sendersTo = (parts: Pick<Parts, 'config' | 'sequential'>, receiver: Component): Component[] =>
  [{ kind: 'embed' } as const, ...headsAndMlps(parts.config)].filter((sender) => isBefore(parts, sender, receiver));

const layerOf = (component: Component): number => ('layer' in component ? component.layer : -1);

const isBefore = ({ sequential }: Pick<Parts, 'sequential'>, sender: Component, receiver: Component): boolean => {
  const [from, to] = [layerOf(sender), layerOf(receiver)];
  return from < to || (from === to && sequential && sender.kind === 'head' && receiver.kind === 'mlp');
};

/** @throws ConfigError for what is no head or feed-forward part of the model; as a sender it may be the embedding */
export const checkEnd = ({ config: { layers, heads } }: Pick<Parts, 'config'>, one: Component, end: 'sender' | 'receiver'): void => {
  const known = one.kind === 'head' || one.kind === 'mlp' || (one.kind === 'embed' && end === 'sender');
  if (known && layerOf(one) < layers && !(one.kind === 'head' && one.head >= heads)) return;
  throw new ConfigError(
    `path: expected ${end === 'sender' ? 'the embedding, ' : ''}a head below ${heads} or a feed-forward part of one of ${layers} blocks, got ${componentName(one)}`,
  );
};

const checkPath = (parts: Pick<Parts, 'config' | 'sequential'>, sender: Component, receiver: Path['receiver']): void => {
  checkEnd(parts, sender, 'sender');
  if (receiver === 'logits') return;
  checkEnd(parts, receiver, 'receiver');
  if (!isBefore(parts, sender, receiver))
    throw new ConfigError(`path: expected a receiver after ${componentName(sender)}, got ${componentName(receiver)}, which does not read it`);
};
