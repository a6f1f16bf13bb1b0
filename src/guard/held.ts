import type { Blockwise, EncodedPrompt } from '../inspect/index.ts';
import type { RequestMove } from './request-move.ts';

/** A move of the last token's vector after `layer` blocks, 1 to the number of blocks. */
export interface HeldAt {
  readonly layer: number;
  readonly move: RequestMove;
}

const rowsTogether = 256; // each is compared with the others, if only to be told apart from them

/**
 * What the last token of a prompt comes to where its vector is moved after some blocks. Tokens before it do not see it, so a variant is one token's way through the blocks above its first move; all go together. Where the whole
 * vector is replaced, nothing of an earlier move is left: several blocks are of use for moves that leave something.
 *
 * @param variants  for each, its moves, one a block at most
 * @returns of each the residual stream after the last block, [hidden]
 */
export const lastTokenHeld = async (
  model: Blockwise,
  { ids, last, keys, values }: EncodedPrompt,
  variants: readonly (readonly HeldAt[])[],
): Promise<Float32Array[]> => {
  const { layers, hidden, window } = model.config;
  const firsts = variants.map((moves) => Math.min(layers, ...moves.map(({ layer }) => layer)));
  const order = [...variants.keys()].sort((a, b) => firsts[a]! - firsts[b]!);
  // A window is counted over the new tokens too: variants of one token must not push the prompt out of it.
  const size = window === undefined ? rowsTogether : Math.max(1, Math.min(rowsTogether, window - ids.length));
  const streams: Float32Array[] = [];
  let joined = 0;
  for (let layer = Math.min(...firsts); layer <= layers; layer++) {
    for (; joined < order.length && firsts[order[joined]!] === layer; joined++) streams[order[joined]!] = last[layer]!;
    const present = order.slice(0, joined);
    for (const variant of present) {
      const move = variants[variant]!.find((one) => one.layer === layer)?.move;
      if (move) streams[variant] = move(streams[variant]!);
    }
    if (layer === layers) break;
    for (let from = 0; from < present.length; from += size) {
      const part = present.slice(from, from + size);
      const rows = new Float32Array(part.length * hidden);
      for (const [i, variant] of part.entries()) rows.set(streams[variant]!, i * hidden);
      const past = { keys: keys[layer]!, values: values[layer]! };
      const { stream } = await model.block(layer, { stream: rows, positions: part.map(() => ids.length - 1), apart: true, past });
      for (const [i, variant] of part.entries()) streams[variant] = stream.slice(i * hidden, (i + 1) * hidden);
    }
  }
  return streams;
};
