import { ConfigError } from '../../core/index.ts';
import { type Component, componentName } from './component.ts';
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

/**
 * Path patching. The sender's output becomes that of another text; only the receiver reads the difference, along the residual stream, while every component in between puts out what it did; what comes after the receiver is
 * computed anew with the receiver's new output.
 *
 * @param ids, other  texts of as many tokens each
 * @param tokens      whose logits at the last token are asked for
 * @throws ConfigError for texts of different lengths, a component that there is not, or a receiver that does not come after the sender
 * Source: K. Wang et al., arXiv:2211.00593. Different: a head reads the difference in its queries, keys and values together; feed-forward parts in between are frozen as heads are.
 */
export const pathPatch = async (
  parts: Parts,
  ids: readonly number[],
  other: readonly number[],
  { sender, receiver, positions = [...ids.keys()] }: Path,
  tokens: readonly number[],
): Promise<PathPatched> => {
  checkText('path', parts, ids);
  if (other.length !== ids.length) throw new ConfigError(`path: expected two texts of as many tokens, got ${ids.length} and ${other.length}; make them alike`);
  checkPath(parts, sender, receiver);
  const { hidden, heads, layers } = parts.config;
  const at = layerOf(sender);
  const end = receiver === 'logits' ? layers : layerOf(receiver);
  const replaced = (x: Float32Array, y: Float32Array, from = 0, count = x.length / ids.length): Float32Array => {
    const made = x.slice();
    const width = x.length / ids.length;
    for (const place of positions) made.set(y.subarray(place * width + from, place * width + from + count), place * width + from);
    return made;
  };
  let theirs: { entering: Float32Array; made: PartsOutput } | undefined;
  for await (const one of throughBlocks(parts, other)) {
    if (one.block < at) continue;
    theirs = one;
    break;
  }
  const readings: { entering: Float32Array; made: PartsOutput }[] = [];
  for await (const one of throughBlocks(parts, ids)) readings.push(one);
  const own = readings[Math.max(at, 0)]!;
  const differenceOf = async (): Promise<Float32Array> => {
    if (sender.kind === 'embed') return minus(replaced(own.entering, theirs!.entering), own.entering);
    if (sender.kind !== 'head') return minus(replaced(own.made.mlp, theirs!.made.mlp), own.made.mlp);
    const width = own.made.z.length / ids.length / heads;
    const z = replaced(own.made.z, theirs!.made.z, sender.head * width, width);
    return minus(await parts.added(at, z), await parts.added(at, own.made.z));
  };
  const difference = await differenceOf();
  const places = [...ids.keys()];
  const last = readings[layers - 1]!.made.stream;
  let stream = plus(last, difference);
  if (receiver !== 'logits') {
    const { entering, made } = readings[end]!;
    const read = plus(entering, difference);
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
  }
  const directions = await parts.directions(tokens);
  const logitsOf = async (of: Float32Array): Promise<number[]> => products(await parts.final(rowAt(of, hidden, ids.length - 1)), directions, hidden)[0]!;
  return { plain: await logitsOf(last), patched: await logitsOf(stream) };
};

const layerOf = (component: Component): number => ('layer' in component ? component.layer : -1);

const checkPath = ({ config: { layers, heads }, sequential }: Parts, sender: Component, receiver: Path['receiver']): void => {
  for (const one of [sender, ...(receiver === 'logits' ? [] : [receiver])]) {
    const known = one === receiver || one.kind !== 'embed' ? one.kind === 'head' || one.kind === 'mlp' : true;
    if (!known || layerOf(one) >= layers || (one.kind === 'head' && one.head >= heads))
      throw new ConfigError(
        `path: expected ${one === receiver ? '' : 'the embedding, '}a head below ${heads} or a feed-forward part of one of ${layers} blocks, got ${componentName(one)}`,
      );
  }
  if (receiver === 'logits') return;
  const [from, to] = [layerOf(sender), layerOf(receiver)];
  const before = from < to || (from === to && sequential && sender.kind === 'head' && receiver.kind === 'mlp');
  if (!before) throw new ConfigError(`path: expected a receiver after ${componentName(sender)}, got ${componentName(receiver)}, which does not read it`);
};
