import { type Proposal, promptLookup } from './prompt-lookup.ts';

/** Time of one more row of a step, as a share of a step of one row: measured of SmolLM2 with weights in four bits on two threads; float weights and whole numbers take less. */
const rowCost = 0.17;
const mostTokens = 10; // proposed at a time
/** Odds that a proposed token is right before anything is known of the text, by how many tokens matched before it: few, some, many. */
const firstOdds = [0.25, 0.4, 0.7] as const;
const firstWeight = 2; // tokens that these odds count as
const memory = 0.9; // what a token's outcome weighs when the next is known

/** What is guessed of one text's next tokens, and how often such guesses were right. */
export interface Speculation {
  /** Guesses how a text goes on; at most `room` tokens. */
  propose(text: readonly number[], room: number): void;
  /** The guess: none, where nothing stood before or the guesses are no good. */
  readonly tokens: readonly number[];
  /** Odds that the next token of the guess is right, if those before it are. */
  readonly odds: number;
  /** Takes note of what came: of the guess the first `count` were looked at, and `right` of them, from the first on, came. */
  learn(right: number, count: number): void;
}

export const createSpeculation = (): Speculation => {
  const [right, seen] = [firstOdds.map((odds) => odds * firstWeight), firstOdds.map(() => firstWeight)];
  let proposal: Proposal | undefined;
  const kind = (): number => (proposal!.matched < 3 ? 0 : proposal!.matched < 6 ? 1 : 2);
  return {
    propose(text, room) {
      proposal = room > 0 ? promptLookup(text, { most: Math.min(room, mostTokens) }) : undefined;
    },
    get tokens() {
      return proposal?.tokens ?? [];
    },
    get odds() {
      return proposal ? right[kind()]! / seen[kind()]! : 0;
    },
    learn(came, count) {
      if (!proposal || count === 0) return;
      const tried = Math.min(came + 1, count); // after a wrong one nothing is known
      const kept = memory ** tried;
      right[kind()] = right[kind()]! * kept + came;
      seen[kind()] = seen[kind()]! * kept + tried;
    },
  };
};

/**
 * How many guessed tokens of each text the next step should check: as many as let most tokens come in a given time. Rows are computed for all texts alike, guessed or not, so the more texts there are, the
 * better guesses must be. Depends on the texts alone, not on a clock: the same requests give the same steps.
 */
export const worthChecking = (guesses: readonly Pick<Speculation, 'tokens' | 'odds'>[]): number => {
  const texts = guesses.length;
  let [best, rate] = [0, 0];
  let expected = texts;
  for (let count = 0; count <= mostTokens; count++) {
    if (count > 0) for (const { tokens, odds } of guesses) if (count <= tokens.length) expected += odds ** count;
    const now = expected / (1 + rowCost * (texts * (1 + count) - 1));
    if (now > rate) [best, rate] = [count, now];
  }
  return best;
};
