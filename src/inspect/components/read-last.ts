import type { EncodedPrompt } from '../encode-prompt.ts';
import type { Parts } from './parts.ts';

/** What the last token of a text holds and makes, block by block. */
export interface LastRun {
  readonly ids: readonly number[];
  /** [layers + 1][hidden]: what enters the first block, then what leaves each. */
  readonly streams: readonly Float32Array[];
  /** [layers][heads*headDim]: mixed values. */
  readonly z: readonly Float32Array[];
  /** [layers][hidden]: what attention and the feed-forward part add. */
  readonly attention: readonly Float32Array[];
  readonly mlp: readonly Float32Array[];
  /** [layers][heads * length]: its attention to every token of the text, itself last. */
  readonly patterns: readonly Float32Array[];
}

export interface ReadLastOptions {
  /** What replaces the residual stream after `layer` blocks; what its components made up to there is told in the place of the text's own. */
  readonly from?: { readonly layer: number; readonly run: LastRun } | undefined;
  /** Changes a block's attention rows, [heads, length], as the model makes them; undefined leaves them. */
  readonly rows?: ((block: number, pattern: Float32Array) => Float32Array | undefined) | undefined;
}

/** The last token's way through the blocks, against what was read of the tokens before. */
export const readLast = async (parts: Parts, { ids, last, keys, values }: EncodedPrompt, { from, rows }: ReadLastOptions = {}): Promise<LastRun> => {
  const { layers } = parts.config;
  const start = from?.layer ?? 0;
  const taken = <K extends 'z' | 'attention' | 'mlp' | 'patterns'>(key: K): Float32Array[] => (from ? from.run[key].slice(0, start) : []);
  const made = { z: taken('z'), attention: taken('attention'), mlp: taken('mlp'), patterns: taken('patterns') };
  let stream = from ? from.run.streams[start]! : last[0]!;
  const streams = from ? from.run.streams.slice(0, start + 1) : [stream];
  for (let block = start; block < layers; block++) {
    const given = { stream, positions: [ids.length - 1], past: { keys: keys[block]!, values: values[block]! } };
    let found = await parts.block(block, given);
    const pattern = rows?.(block, found.pattern);
    if (pattern) found = await parts.block(block, { ...given, pattern });
    stream = found.stream;
    streams.push(stream);
    made.z.push(found.z);
    made.attention.push(found.attention);
    made.mlp.push(found.mlp);
    made.patterns.push(found.pattern);
  }
  return { ids, streams, ...made };
};
