/** Some of a vocabulary's tokens: their ids where they are few, else a bit each. */
export type TokenSet = { readonly ids: Int32Array } | { readonly bits: Uint32Array };

export const noTokens = (vocab: number): Uint32Array => new Uint32Array(Math.ceil(vocab / 32));

/** Changes `bits`. */
export const addTokens = (bits: Uint32Array, set: TokenSet): void => {
  if ('ids' in set) for (const id of set.ids) bits[id >>> 5]! |= 1 << (id & 31);
  else for (let i = 0; i < bits.length; i++) bits[i]! |= set.bits[i]!;
};

/** Bits as a set; they must not change any more. */
export const tokenSet = (bits: Uint32Array): TokenSet => {
  const ids: number[] = [];
  const most = bits.length; // a list is no larger than the bits then
  for (let i = 0; i < bits.length; i++)
    for (let word = bits[i]!; word !== 0; word &= word - 1) {
      if (ids.length === most) return { bits };
      ids.push(i * 32 + 31 - Math.clz32(word & -word));
    }
  return { ids: Int32Array.from(ids) };
};

/** Scores [vocab] of all other tokens become -Infinity. */
export const keepTokens = (scores: Float32Array, set: TokenSet): void => {
  if ('ids' in set) {
    const kept = Float32Array.from(set.ids, (id) => scores[id]!);
    scores.fill(Number.NEGATIVE_INFINITY);
    for (const [i, id] of set.ids.entries()) scores[id] = kept[i]!;
    return;
  }
  for (let i = 0; i < set.bits.length; i++) {
    const word = set.bits[i]!;
    if (word === 0xffffffff) continue;
    const from = i * 32;
    if (word === 0) scores.fill(Number.NEGATIVE_INFINITY, from, from + 32);
    else for (let bit = 0; bit < 32 && from + bit < scores.length; bit++) if (!((word >>> bit) & 1)) scores[from + bit] = Number.NEGATIVE_INFINITY;
  }
};
