/** A stretch of a text: `text.slice(start, end)`, UTF-16 positions. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

const letter = String.raw`[\p{L}\p{N}\p{M}_]`;
// Tried in this order at every position; each branch reads on without going back, so the time is linear whatever the text.
const pattern = new RegExp(
  [
    String.raw`(?:https?|ftp)://[^\s<>"')\]]*[^\s<>"')\].,;:!?]`, // addresses stay whole
    String.raw`[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64})+`,
    String.raw`(?<![\p{L}\p{N}])(?:\p{L}\.){2,}`, // e.g. i.e. U.S.
    String.raw`(?<![\p{L}\p{N}])(?:al|etc|vs|cf|[Ff]igs?|[Ee]qs?|[Ss]ecs?|[Tt]ab|[Rr]efs?|[Nn]o(?=\.\s?\d)|[Vv]ol|pp|Dr|Prof|Mr|Mrs|Ms|St|Inc|Ltd|Corp|approx|resp|viz|ca)\.(?!${letter})`,
    String.raw`(?<![\p{L}\p{N}\p{M})\]%'’.,/-])[-+−]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+)+(?!${letter})`, // -96.7 .01
    String.raw`[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]`,
    // Words, with what joins them inside: self-attention, and/or, Q&A, O'Neil, 1,432, 87.2, 3.5-fold, l'analyse.
    String.raw`${letter}+(?:(?:[-‐‑/&'’·]|(?<=\d)[.,:](?=\d)|(?<=^|[^\p{L}\p{N}]\p{Lu})\.(?=\p{Lu}(?!\p{L})))${letter}+)*(?:\+\+|#(?!${letter}))?`,
    "`{2}|'{2}|-{2,}|\\.{2,}",
    String.raw`[^\s\p{Cc}\p{Cf}]`,
  ].join('|'),
  'gu',
);

const contraction = /(?:n['’]t|['’](?:s|m|d|re|ve|ll))$/i;

/**
 * The words of `text` between `start` and `end`, cut as the Penn Treebank and SciERC cut them: hyphenated words and fractions stay whole, punctuation and
 * brackets stand alone, contractions split (`model's` → `model`, `'s`; `don't` → `do`, `n't`). Characters stay as they are: no `-LRB-`, no curled quotes.
 */
export const words = (text: string, start = 0, end = text.length): Range[] => {
  const found: Range[] = [];
  const part = text.slice(start, end);
  for (const match of part.matchAll(pattern)) {
    const from = start + match.index;
    const to = from + match[0].length;
    const tail = contraction.exec(match[0]);
    if (tail && tail.index > 0) found.push({ start: from, end: from + tail.index }, { start: from + tail.index, end: to });
    else found.push({ start: from, end: to });
  }
  return found;
};
