const longestMatch = 8; // tokens compared: of several places the one that matches furthest back goes on most likely as this one does

export interface Proposal {
  /** What may come next. */
  readonly tokens: readonly number[];
  /** How many tokens before them stand before their model too, at most 8. */
  readonly matched: number;
}

/**
 * Guesses how a text goes on: as it went on where its last tokens stood before, at the place that matches furthest back, of several the last one.
 *
 * @param text   all tokens so far
 * @param least  tokens that must match
 * @param most   tokens to propose; where the end of the text is reached they go on as if it were periodic
 * @returns      undefined where the last tokens never stood before
 * Source: prompt lookup decoding, a case of "inference with reference" (arXiv:2304.04487).
 */
export const promptLookup = (
  text: readonly number[],
  { least = 2, most = 10 }: { readonly least?: number; readonly most?: number } = {},
): Proposal | undefined => {
  const end = text.length - 1;
  let [from, matched] = [0, 0];
  for (let at = end - 1; at >= least - 1 && matched < longestMatch; at--) {
    let count = 0;
    while (count < longestMatch && count <= at && text[at - count] === text[end - count]) count++;
    if (count > matched) [from, matched] = [at + 1, count];
  }
  if (matched < least) return undefined;
  const tokens: number[] = [];
  for (let i = 0; i < most; i++) tokens.push(from + i <= end ? text[from + i]! : tokens[from + i - end - 1]!);
  return { tokens, matched };
};
