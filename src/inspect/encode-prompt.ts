import type { Blockwise } from './blockwise.ts';

/** A prompt as far as its last token: what patching at that token needs, and no more. */
export interface EncodedPrompt {
  readonly ids: readonly number[];
  /** The residual stream at the last token, [hidden] each: what enters the first block, then what leaves each. */
  readonly last: readonly Float32Array[];
  /** Keys and values of all tokens but the last, a block each [kvHeads, length − 1, headDim]. */
  readonly keys: readonly Float32Array[];
  readonly values: readonly Float32Array[];
}

const leastShared = 16; // tokens that two prompts must begin with alike for the second to read on from the first

/**
 * Reads a prompt.
 *
 * @param before  a prompt read earlier: where both begin alike, that part is not read again
 */
export const encodePrompt = async (model: Blockwise, ids: readonly number[], before?: EncodedPrompt): Promise<EncodedPrompt> => {
  const { kvHeads, headDim } = model.config;
  const most = Math.min(ids.length, before?.ids.length ?? 0) - 1; // the last token is read in any case
  let shared = 0;
  while (shared < most && ids[shared] === before!.ids[shared]) shared++;
  if (shared < leastShared) shared = 0;
  const positions = ids.slice(shared).map((_, i) => shared + i);
  const seq = positions.length;
  /** The first tokens' rows and the new ones but the last, head by head. */
  const joined = (old: Float32Array | undefined, own: Float32Array): Float32Array => {
    const kept = (ids.length - 1) * headDim;
    const made = new Float32Array(kvHeads * kept);
    for (let head = 0; head < kvHeads; head++) {
      if (old) made.set(headRows(old, head, kvHeads).subarray(0, shared * headDim), head * kept);
      made.set(headRows(own, head, kvHeads).subarray(0, (seq - 1) * headDim), head * kept + shared * headDim);
    }
    return made;
  };
  const begun = (cached: Float32Array): Float32Array => {
    const made = new Float32Array(kvHeads * shared * headDim);
    for (let head = 0; head < kvHeads; head++) made.set(headRows(cached, head, kvHeads).subarray(0, shared * headDim), head * shared * headDim);
    return made;
  };
  const past = shared > 0 ? { keys: before!.keys.map(begun), values: before!.values.map(begun) } : undefined;
  const made = await model.read({ ids: ids.slice(shared), positions, past });
  const withOld = (old: readonly Float32Array[] | undefined, own: readonly Float32Array[]) => own.map((each, block) => joined(old?.[block], each));
  return { ids, last: made.last, keys: withOld(past?.keys, made.keys), values: withOld(past?.values, made.values) };
};

/** [kvHeads, length, headDim] → rows of one head. */
const headRows = (of: Float32Array, head: number, kvHeads: number): Float32Array =>
  of.subarray((head * of.length) / kvHeads, ((head + 1) * of.length) / kvHeads);
