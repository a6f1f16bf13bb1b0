import { ConfigError } from '../core/index.ts';
import type { Blockwise } from './blockwise.ts';
import { type EncodedPrompt, encodePrompt } from './encode-prompt.ts';

/** One patched run: the residual stream after `layer` blocks at the source's last token takes the place of the target's. */
export interface PatchedRun {
  /** Index of a prompt, or [hidden], a vector of yours. */
  readonly source: number | Float32Array;
  /** Index of a prompt. */
  readonly target: number;
  /** 1 to the number of blocks. */
  readonly layer: number;
  /** Tokens whose probability after the prompt is asked for; as many in every run. */
  readonly wanted?: readonly number[];
}

export interface TokenScores {
  /** Natural logarithms of the probabilities of the tokens asked for. */
  readonly logprobs: readonly number[];
  readonly best: readonly { readonly id: number; readonly logprob: number }[];
}

export interface SweepOptions {
  /** How many of the likeliest tokens a result names. Default 1. */
  readonly top?: number;
  /** Keys and values of prompts that are kept from one pass to the next; those beyond it are read twice. Default 2 GB. */
  readonly keptBytes?: number;
  readonly signal?: AbortSignal | undefined;
  /** Prompts read and patched, of how many. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

export interface Sweep {
  /** Per prompt, nothing patched. */
  readonly plain: readonly TokenScores[];
  /** Per run. */
  readonly patched: readonly TokenScores[];
}

/**
 * Patches last tokens: exact, and for the cost of reading each prompt about once. Tokens before the last do not see it, so a patched run is one token's way through the blocks above, against the target's keys and values; all
 * runs of a target go together, each joining where it is patched.
 *
 * @param prompts  token ids
 * @param given    the runs, or what says them once it is known how the prompts are answered unpatched
 * @param plain    tokens whose probability is asked for where nothing is patched, as many for every prompt
 * @throws ConfigError for an empty prompt, one that is too long, a run that names no prompt or block, and a vector of another length
 */
export const sweep = async (
  model: Blockwise,
  prompts: readonly (readonly number[])[],
  given: readonly PatchedRun[] | ((plain: readonly TokenScores[]) => readonly PatchedRun[]),
  plain: readonly (readonly number[])[] = prompts.map(() => []),
  { top = 1, keptBytes = 2e9, signal, onProgress }: SweepOptions = {},
): Promise<Sweep> => {
  const { layers, kvHeads, headDim } = model.config;
  checkPrompts(model, prompts);
  if (typeof given !== 'function') checkRuns(model, prompts, given);
  const targets = typeof given === 'function' ? undefined : new Set(given.map(({ target }) => target));
  let total = prompts.length + (targets?.size ?? prompts.length);
  let done = 0;
  const step = (): void => {
    onProgress?.(++done, total);
    signal?.throwIfAborted();
  };
  // Prompts that begin alike come one after another, and the second reads on from where they part.
  const order = [...prompts.keys()].sort((a, b) => compare(prompts[a]!, prompts[b]!));
  const residuals: (readonly Float32Array[])[] = [];
  const kept = new Map<number, EncodedPrompt>();
  let room = keptBytes;
  let before: EncodedPrompt | undefined;
  for (const index of order) {
    const ids = prompts[index]!;
    before = before && compare(before.ids, ids) === 0 ? before : await encodePrompt(model, ids, before);
    residuals[index] = before.last;
    const bytes = 8 * layers * kvHeads * headDim * ids.length;
    if ((targets?.has(index) ?? true) && bytes <= room) {
      kept.set(index, before);
      room -= bytes;
    }
    step();
  }
  /** @param streams  [hidden] each, after the last block */
  const scored = async (streams: readonly Float32Array[], wanted: readonly (readonly number[])[]): Promise<TokenScores[]> => {
    const found: TokenScores[] = [];
    for (let from = 0; from < streams.length; from += rowsAtOnce) {
      const part = streams.slice(from, from + rowsAtOnce);
      const { logprobs, best } = await model.score(rowsOf(part), wanted.slice(from, from + rowsAtOnce), top);
      found.push(...part.map((_, i) => ({ logprobs: logprobs[i]!, best: best[i]! })));
    }
    return found;
  };
  const unpatched = await scored(residuals.map((all) => all[layers]!), plain); // biome-ignore format: one call
  const runs = typeof given === 'function' ? given(unpatched) : given;
  if (typeof given === 'function') checkRuns(model, prompts, runs);
  const vectorOf = ({ source, layer }: PatchedRun): Float32Array => (typeof source === 'number' ? residuals[source]![layer]! : source);
  const byTarget = Map.groupBy(runs.keys(), (i) => runs[i]!.target);
  total = prompts.length + byTarget.size;
  const patched = Array<TokenScores>(runs.length);
  for (const target of order) {
    const own = byTarget.get(target)?.toSorted((a, b) => runs[a]!.layer - runs[b]!.layer);
    if (!own) continue;
    before = kept.get(target) ?? (await encodePrompt(model, prompts[target]!, before));
    kept.delete(target);
    const streams = await patchedStreams(model, before, own.map((i) => ({ layer: runs[i]!.layer, vector: vectorOf(runs[i]!) }))); // biome-ignore format: one call
    const scores = await scored(streams, own.map((i) => runs[i]!.wanted ?? [])); // biome-ignore format: one call
    for (const [i, run] of own.entries()) patched[run] = scores[i]!;
    step();
  }
  return { plain: unpatched, patched };
};

const rowsAtOnce = 256; // of scores over the vocabulary
const rowsTogether = 256; // of one target: each is compared with the others, if only to be told apart from them

/** @param patches  by layer, the lowest first @returns what leaves the last block for each, [hidden] */
const patchedStreams = async (
  model: Blockwise,
  { ids, keys, values }: EncodedPrompt,
  patches: readonly { readonly layer: number; readonly vector: Float32Array }[],
): Promise<Float32Array[]> => {
  const { layers, hidden, window } = model.config;
  // Where a window is counted over the new tokens too, variants of one token must not stand in a row.
  const size = window === undefined || ids.length + patches.length <= window ? rowsTogether : 1;
  const within = patches.filter(({ layer }) => layer < layers);
  const streams: Float32Array[] = [];
  for (let from = 0; from < within.length; from += size) {
    const variants = within.slice(from, from + size);
    const made = await model.lastTokens({ id: ids.at(-1)!, position: ids.length - 1, past: { keys, values }, variants });
    streams.push(...variants.map((_, i) => made.subarray(i * hidden, (i + 1) * hidden)));
  }
  return [...streams, ...patches.slice(within.length).map(({ vector }) => vector)];
};

const rowsOf = (parts: readonly Float32Array[]): Float32Array => {
  const made = new Float32Array(parts.length * (parts[0]?.length ?? 0));
  for (const [i, part] of parts.entries()) made.set(part, i * part.length);
  return made;
};

const compare = (a: readonly number[], b: readonly number[]): number => {
  const at = a.findIndex((id, i) => id !== b[i]);
  return at < 0 ? a.length - b.length : at >= b.length ? 1 : a[at]! - b[at]!;
};

const checkPrompts = ({ config: { positions, vocab } }: Blockwise, prompts: readonly (readonly number[])[]): void => {
  for (const [i, ids] of prompts.entries()) {
    if (ids.length === 0) throw new ConfigError(`sweep: prompt ${i}: expected at least one token, got none`);
    if (ids.length > positions) throw new ConfigError(`sweep: prompt ${i}: expected at most ${positions} tokens, got ${ids.length}; shorten it`);
    const strange = ids.find((id) => !(Number.isInteger(id) && id >= 0 && id < vocab));
    if (strange !== undefined) throw new ConfigError(`sweep: prompt ${i}: expected tokens from 0 to ${vocab - 1}, got ${strange}`);
  }
};

const checkRuns = ({ config: { layers, hidden } }: Blockwise, prompts: readonly unknown[], runs: readonly PatchedRun[]): void => {
  for (const { source, target, layer } of runs) {
    for (const index of [source, target].filter((one) => typeof one === 'number'))
      if (!prompts[index]) throw new ConfigError(`sweep: expected prompts from 0 to ${prompts.length - 1}, got ${index}`);
    if (typeof source !== 'number' && source.length !== hidden) throw new ConfigError(`sweep: expected a vector of ${hidden} numbers, got ${source.length}`);
    if (!(Number.isInteger(layer) && layer >= 1 && layer <= layers)) throw new ConfigError(`sweep: expected a layer from 1 to ${layers}, got ${layer}`);
  }
};
