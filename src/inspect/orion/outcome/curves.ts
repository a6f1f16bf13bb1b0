import { bootstrap, type Interval, type ResampleOptions } from '../../../evaluate/index.ts';
import { byRole, isSeparable, type Role } from '../role.ts';
import { mean } from './mean.ts';
import type { OrionPairResult } from './pairs.ts';

/** A role at a layer. Normalised: 1 is what the model does when nothing is replaced. */
export interface CurvePoint {
  readonly layer: number;
  /** Mean probability of the role's token, divided by the mean probability of right answers. */
  readonly tokenProb: Interval;
  /** How often the role's token is the likeliest, above lucky guesses; null where the model itself is no better than those. */
  readonly accuracy: Interval | null;
  /** `accuracy`, where a token counts that begins as the answer does, but for case and spaces. */
  readonly softMatch: Interval | null;
  /** Mean score of the role's token above that of what another request finds, divided by the same of right answers; null where that is not above 0, or every request finds the role's token. */
  readonly logitDiff: Interval | null;
  /** `tokenProb` of the pairs whose three labels differ; null where there are none. */
  readonly separable: Interval | null;
  /** Pairs whose three labels differ. */
  readonly separablePairs: number;
}

/** Shares of pairs, in [0, 1], whose labels cannot be told apart: no curve of request transfer falls lower. */
export interface Floors {
  readonly requestIsUnaffected: number;
  readonly requestIsOutput: number;
}

/** What normalises a task: its figures without intervention. */
export interface Normaliser {
  readonly tokenProb: number;
  readonly accuracy: number;
  readonly softMatch: number;
  readonly logitDiff: number | null;
  readonly guess: number;
}

/**
 * `(patched − guess) / (baseline − guess)`: 1 is the model as it is, 0 a lucky guess. Token probabilities and score differences have no guess.
 *
 * @returns undefined where the baseline is not above the guess
 */
export const normalise = (patched: number, baseline: number, guess = 0): number | undefined =>
  baseline > guess ? (patched - guess) / (baseline - guess) : undefined;

/**
 * Per role a curve over the layers of the results, ascending, with 95 % intervals over pairs; the baseline counts as known.
 *
 * @throws RangeError where the baseline gives right answers no probability
 */
export const outcomeCurves = (results: readonly OrionPairResult[], baseline: Normaliser, options: ResampleOptions = {}): Record<Role, CurvePoint[]> => {
  if (!(baseline.tokenProb > 0))
    throw new RangeError(`outcome curves: expected right answers of some probability without intervention, got ${baseline.tokenProb}`);
  const unpatched = baseline.logitDiff ?? 0;
  const byLayer = [...Map.groupBy(results, ({ layer }) => layer)].sort(([a], [b]) => a - b);
  const curve = (role: Role): CurvePoint[] =>
    byLayer.map(([layer, pairs]) => {
      const separable = pairs.filter(({ labels }) => isSeparable(labels));
      const probabilities = (some: readonly OrionPairResult[]): Interval =>
        bootstrap(
          some.map(({ probabilities }) => probabilities[role]),
          (values) => mean(values) / baseline.tokenProb,
          options,
        );
      const aboveGuess = (hits: readonly boolean[], unpatched: number): Interval | null =>
        unpatched > baseline.guess ? bootstrap(hits.map(Number), (values) => normalise(mean(values), unpatched, baseline.guess)!, options) : null;
      const differences = pairs.flatMap(({ logitDiffs }) => logitDiffs[role] ?? []);
      return {
        layer,
        tokenProb: probabilities(pairs),
        accuracy: aboveGuess(
          pairs.map(({ top, labels }) => top === labels[role]),
          baseline.accuracy,
        ),
        softMatch: aboveGuess(
          pairs.map(({ softMatches }) => softMatches[role]),
          baseline.softMatch,
        ),
        logitDiff: unpatched > 0 && differences.length > 0 ? bootstrap(differences, (values) => mean(values) / unpatched, options) : null,
        separable: separable.length > 0 ? probabilities(separable) : null,
        separablePairs: separable.length,
      };
    });
  return byRole(curve);
};

/** How often labels of pairs coincide. @throws RangeError where there are no pairs */
export const floorsOf = (results: readonly Pick<OrionPairResult, 'labels'>[]): Floors => {
  if (results.length === 0) throw new RangeError('floors: expected at least one pair, got none');
  const share = (role: Role): number => results.filter(({ labels }) => labels.request_transfer === labels[role]).length / results.length;
  return { requestIsUnaffected: share('unaffected'), requestIsOutput: share('output_transfer') };
};
