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
  let ids: number[] = [];
  for (let id = 0; id < scores.length; id++) if (scores[id]! >= least) ids.push(id);
  ids.sort((a, b) => scores[b]! - scores[a]! || a - b);
  if (topK > 0) ids = ids.slice(0, topK);
  const shares = ids.map((id) => Math.exp((scores[id]! - top) / temperature));
  let total = shares.reduce((a, b) => a + b, 0);
  if (topP < 1) {
    let [kept, sum] = [0, 0];
    while (kept < shares.length && (kept === 0 || sum < topP * total)) sum += shares[kept++]!;
    shares.length = kept;
    total = sum;
  }
  let left = uniformAt(seed, position) * total;
  for (const [i, share] of shares.entries()) {
    left -= share;
    if (left < 0) return ids[i]!;
  }
  return ids[shares.length - 1]!;
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
