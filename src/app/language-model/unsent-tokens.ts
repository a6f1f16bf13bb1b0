import type { TextToken } from './text-request.ts';

/** Tokens of an answer that wait until some of their text is shown: what a stop string takes away it takes from the tokens, too. */
export interface UnsentTokens {
  /** @param characters  how many more of the text are known with this token */
  push(token: TextToken, characters: number): void;
  /** Takes the tokens whose text begins before this place in the answer. Whoever is cut in the middle is among them; a part of a character begins where the character does. */
  before(end: number): readonly TextToken[];
}

export const unsentTokens = (): UnsentTokens => {
  let waiting: { readonly token: TextToken; readonly begin: number }[] = [];
  let known = 0;
  return {
    push(token, characters) {
      waiting.push({ token, begin: known });
      known += characters;
    },
    before(end) {
      const found = waiting.findIndex(({ begin }) => begin >= end);
      const taken = found < 0 ? waiting : waiting.slice(0, found);
      waiting = waiting.slice(taken.length);
      return taken.map(({ token }) => token);
    },
  };
};
