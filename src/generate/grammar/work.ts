import { ConfigError } from '../../core/index.ts';

/** What unfolding a schema or a pattern has cost so far, and what it is about: so that whoever sends one cannot keep this process busy. */
export interface Work {
  /** What stands first in an error. */
  readonly where: string;
  /** @throws ConfigError when it has become too much */
  spend(steps: number): void;
  /** The same account for another place. */
  at(where: string): Work;
}

const mostSteps = 20_000_000; // a second or two

export const openWork = (where: string): Work => {
  let spent = 0;
  const at = (place: string): Work => ({
    where: place,
    spend(steps) {
      spent += steps;
      if (spent > mostSteps)
        throw new ConfigError(
          `${place}: expected patterns, lengths and alternatives that unfold to less, got more than can be worked out soon; use smaller counts and fewer of them`,
        );
    },
    at,
  });
  return at(where);
};
