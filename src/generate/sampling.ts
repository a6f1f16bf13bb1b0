import { ConfigError } from '../core/index.ts';
import { uniformAt } from './random.ts';

/** How the next token is drawn from the scores of all. */
export interface Sampling {
  /** 0 takes the best (default); else scores are divided by it. 0 to 10. */
  readonly temperature?: number;
  /** Only the k best. 0: all (default). */
  readonly topK?: number;
  /** Only the best whose probabilities sum to this, at least one. 1: all (default). */
  readonly topP?: number;
  /** Only those at least this share of the best one's probability. 0: all (default). */
  readonly minP?: number;
  /** Scores of tokens that were seen are divided (above 0) or multiplied (below) by it (CTRL, arXiv:1909.05858). 1: off (default). */
  readonly repetitionPenalty?: number;
  /** Taken from the score of every token that was generated. 0: off (default). */
  readonly presencePenalty?: number;
  /** Taken from the score of a token for each time it was generated. 0: off (default). */
  readonly frequencyPenalty?: number;
  /** Added to scores, by token id. */
  readonly logitBias?: ReadonlyMap<number, number>;
  /** Same seed, same tokens. Default 0. */
  readonly seed?: number;
}

/** @throws ConfigError for a value out of range */
export const checkSampling = (sampling: Sampling): void => {
  const within = (name: keyof Sampling, low: number, high: number): void => {
    const value = sampling[name];
    if (value !== undefined && !(typeof value === 'number' && value >= low && value <= high))
      throw new ConfigError(`sampling: expected ${name} from ${low} to ${high}, got ${value}`);
  };
  within('temperature', 0, 10);
  within('topK', 0, 2 ** 31);
  within('topP', 0, 1);
  within('minP', 0, 1);
  within('repetitionPenalty', 0.01, 10);
  within('presencePenalty', -2, 2);
  within('frequencyPenalty', -2, 2);
  within('seed', -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
};

/** Tokens that scores are changed for. */
export interface Seen {
  readonly prompt: readonly number[];
  readonly generated: readonly number[];
}

/** Whether `adjust` changes any score. */
export const adjusts = ({ repetitionPenalty = 1, presencePenalty = 0, frequencyPenalty = 0, logitBias }: Sampling): boolean =>
  repetitionPenalty !== 1 || presencePenalty !== 0 || frequencyPenalty !== 0 || (logitBias?.size ?? 0) > 0;

/** Changes scores [vocab] in place: penalties, then biases. */
export const adjust = (
  scores: Float32Array,
  { prompt, generated }: Seen,
  { repetitionPenalty = 1, presencePenalty = 0, frequencyPenalty = 0, logitBias }: Sampling,
): void => {
  if (repetitionPenalty !== 1)
    for (const id of new Set([...prompt, ...generated])) scores[id] = scores[id]! > 0 ? scores[id]! / repetitionPenalty : scores[id]! * repetitionPenalty;
  if (presencePenalty !== 0 || frequencyPenalty !== 0) {
    const counts = new Map<number, number>();
    for (const id of generated) counts.set(id, (counts.get(id) ?? 0) + 1);
    for (const [id, count] of counts) scores[id]! -= presencePenalty + frequencyPenalty * count;
  }
  if (logitBias) for (const [id, by] of logitBias) if (id >= 0 && id < scores.length) scores[id]! += by;
};

/** Index of the largest score; the first of several. */
export const best = (scores: Float32Array): number => {
  let at = 0;
  for (let i = 1; i < scores.length; i++) if (scores[i]! > scores[at]!) at = i;
  return at;
};

/** log Σ exp of scores. */
export const logSumExp = (scores: Float32Array): number => {
  const top = scores[best(scores)]!;
  let sum = 0;
  for (let i = 0; i < scores.length; i++) sum += Math.exp(scores[i]! - top);
  return top + Math.log(sum);
};

/**
 * Draws a token. Of equal scores the smaller id goes first, so the same scores, seed and position give the same token.
 *
 * @param scores    [vocab]; -Infinity never drawn
 * @param position  number of tokens drawn before with this seed
 */
export const draw = (scores: Float32Array, { temperature = 0, topK = 0, topP = 1, minP = 0, seed = 0 }: Sampling, position: number): number => {
  const first = best(scores);
  if (temperature === 0 || topK === 1) return first;
  const top = scores[first]!;
  // Below this a token has less than 1e-9 of the best one's probability: with any vocabulary it is never drawn.
  const least = Math.max(top - 21 * temperature, minP > 0 ? top + temperature * Math.log(minP) : Number.NEGATIVE_INFINITY);
  const ids: number[] = [];
  const shares: number[] = [];
  let total = 0;
  for (let id = 0; id < scores.length; id++) {
    if (!(scores[id]! >= least)) continue;
    const share = Math.exp((scores[id]! - top) / temperature);
    ids.push(id);
    shares.push(share);
    total += share;
  }
  const kept = topK > 0 || topP < 1 ? bestShares(shares, topK > 0 ? topK : shares.length, topP) : undefined;
  const places = kept ?? shares.keys();
  const whole = kept ? kept.reduce((sum, place) => sum + shares[place]!, 0) : total;
  let left = uniformAt(seed, position) * whole;
  let last = 0;
  for (const place of places) {
    last = place;
    left -= shares[place]!;
    if (left < 0) break;
  }
  return ids[last]!;
};

/** Places of the largest shares, best first: at most `count`, and of these the fewest that make up `portion` of their sum. Of equals the first. */
const bestShares = (shares: readonly number[], count: number, portion: number): number[] => {
  const bounded = count < shares.length;
  const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
  // Almost always few are needed: those not far below the best are sorted first, and all only where these do not do.
  for (const floor of [1e-3, 0]) {
    const near = shares.flatMap((share, place) => (share >= floor ? [place] : []));
    const sorted = near.sort((a, b) => shares[b]! - shares[a]! || a - b).slice(0, count);
    if (bounded && sorted.length < count) continue;
    const target = portion * sumOf(bounded ? sorted.map((place) => shares[place]!) : shares);
    let [kept, sum] = [0, 0];
    while (kept < sorted.length && (kept === 0 || sum < target)) sum += shares[sorted[kept++]!]!;
    if (sum >= target || floor === 0) return sorted.slice(0, kept);
  }
  throw new Error('internal: no shares');
};

export interface Candidate {
  readonly id: number;
  /** Natural logarithm of the probability at temperature 1, before penalties. */
  readonly logprob: number;
}

/** The `count` most probable tokens, best first. */
export const bestCandidates = (scores: Float32Array, count: number): Candidate[] => {
  const whole = logSumExp(scores);
  const kept: number[] = [];
  for (let id = 0; id < scores.length; id++) {
    if (kept.length === count && !(scores[id]! > scores[kept.at(-1)!]!)) continue;
    let at = kept.length;
    while (at > 0 && scores[kept[at - 1]!]! < scores[id]!) at--;
    kept.splice(at, 0, id);
    if (kept.length > count) kept.pop();
  }
  return kept.map((id) => ({ id, logprob: scores[id]! - whole }));
};
