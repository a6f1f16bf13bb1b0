/** A token that is found in the text before the text is split; its spelling is its own, whatever the model makes of it. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** Stands for no text: it begins, ends or divides. */
  readonly special: boolean;
  /** White space before it belongs to it. */
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  /** Is looked for after the text was normalised. */
  readonly normalized: boolean;
  /** Counts only where no letter, digit or mark touches it. */
  readonly single_word: boolean;
}

export interface Section {
  readonly from: number;
  readonly to: number;
  /** Absent where the section is ordinary text. */
  readonly token?: AddedToken;
}

interface TrieNode {
  readonly next: Map<number, TrieNode>;
  token?: AddedToken;
}

const endsInWord = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]$/u;
const beginsInWord = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;
const white = /\p{White_Space}/u; // none of them beyond U+FFFF

/**
 * Finds added tokens in a text: leftmost first, of those that begin together the longest. A match whose own conditions it fails is passed over whole, as the reference does.
 *
 * @param spell  how tokens are spelt in the texts to come
 * @returns sections that cover the text; `special: false` leaves special tokens as text
 */
export const findAdded = (
  tokens: readonly AddedToken[],
  spell: (content: string) => string,
): ((text: string, options: { readonly special: boolean }) => Section[]) => {
  const root: TrieNode = { next: new Map() };
  for (const token of tokens) {
    let node = root;
    const content = spell(token.content);
    for (let i = 0; i < content.length; i++) {
      const unit = content.charCodeAt(i);
      const next: TrieNode = node.next.get(unit) ?? { next: new Map() };
      node.next.set(unit, next);
      node = next;
    }
    if (node !== root) node.token = token;
  }
  const longestAt = (text: string, at: number): { token: AddedToken; to: number } | undefined => {
    let found: { token: AddedToken; to: number } | undefined;
    let node = root.next.get(text.charCodeAt(at));
    for (let to = at + 1; node; to++) {
      if (node.token) found = { token: node.token, to };
      node = node.next.get(text.charCodeAt(to));
    }
    return found;
  };
  return (text, { special }) => {
    const sections: Section[] = [];
    let done = 0;
    if (root.next.size > 0)
      for (let at = 0; at < text.length; ) {
        const match = longestAt(text, at);
        if (!match) {
          at++;
          continue;
        }
        const { token } = match;
        let [from, to] = [at, match.to];
        at = match.to;
        if (token.special && !special) continue;
        if (token.single_word && (endsInWord.test(text.slice(Math.max(0, from - 2), from)) || beginsInWord.test(text.slice(to, to + 2)))) continue;
        if (token.lstrip) while (from > done && white.test(text[from - 1]!)) from--;
        if (token.rstrip) while (to < text.length && white.test(text[to]!)) to++;
        from = Math.max(from, done);
        if (from > done) sections.push({ from: done, to: from });
        sections.push({ from, to, token });
        done = to;
      }
    if (done < text.length) sections.push({ from: done, to: text.length });
    return sections;
  };
};
