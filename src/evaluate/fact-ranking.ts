import { FormatError } from './errors.ts';
import { completionAfter } from './measure-answers.ts';
import type { MeasuredItem } from './measured-item.ts';
import { type CompletionScorer, eachItem, perToken, type RunOptions } from './model-under-test.ts';
import { drawSome } from './resample.ts';

/** A fact as a text that its object completes. */
export interface Fact {
  readonly id: string;
  readonly relation: string;
  readonly subject: string;
  /** The text before the object, without white space at its end. */
  readonly prompt: string;
  readonly object: string;
  /** Wrong objects of the same type, beside those of its relation. */
  readonly wrong?: readonly string[];
}

/** A fact among objects of its kind. */
export interface FactProbe extends Fact {
  /** The right object, and wrong ones of the same type. */
  readonly candidates: readonly string[];
}

export interface CandidateOptions {
  /** Candidates of a fact at most, the right one among them; drawn by the seed. Default 100. */
  readonly most?: number;
  /** Facts of a relation at most; drawn by the seed. Default all. */
  readonly perRelation?: number;
  /** Default 1. */
  readonly seed?: number;
}

/**
 * Gives every fact its candidates: its own wrong objects and those of its relation, without those that are right for its subject too. Facts whose relation has no other object are left out.
 *
 * @throws FormatError where no fact is left
 */
export const withCandidates = (
  facts: readonly Fact[],
  { most = 100, perRelation = Number.POSITIVE_INFINITY, seed = 1 }: CandidateOptions = {},
): FactProbe[] => {
  const objects = groupBy(facts, ({ relation }) => relation, ({ object }) => object); // biome-ignore format: short
  const right = groupBy(facts, keyOf, ({ object }) => object);
  const kept = [...groupBy(facts, ({ relation }) => relation, (fact) => fact).values()].flatMap((own) => drawSome([...own], perRelation, seed)); // biome-ignore format: short
  const probes = kept.flatMap((fact, i) => {
    const known = right.get(keyOf(fact))!;
    const others = new Set([...(fact.wrong ?? []), ...objects.get(fact.relation)!].filter((object) => !known.has(object)));
    return others.size === 0 ? [] : [{ ...fact, candidates: [fact.object, ...drawSome([...others], most - 1, seed + 1 + i)] }];
  });
  if (probes.length === 0) throw new FormatError(`facts: expected relations of at least two objects, got ${objects.size} of one; there is nothing to rank`);
  return probes;
};

const keyOf = ({ relation, subject }: Fact): string => `${relation}\n${subject}`;

const groupBy = <T, V>(items: readonly T[], key: (item: T) => string, value: (item: T) => V): Map<string, Set<V>> => {
  const groups = new Map<string, Set<V>>();
  for (const item of items) groups.set(key(item), (groups.get(key(item)) ?? new Set()).add(value(item)));
  return groups;
};

export const factConvention = [
  'every candidate completes the prompt after a space and counts with the natural logarithm of its probability, summed over tokens',
  'candidates are the objects of the same relation without others that are right for the subject; a tie counts against the right one',
  'accuracy: the right one is first; reciprocal-rank: mean of 1/rank; margin: over the best wrong one; chance: accuracy of drawing',
].join('. ');

/** Ranks the right object of every fact among its candidates. @throws FormatError where a candidate's score is no number */
export const rankFacts = (probes: readonly FactProbe[], score: CompletionScorer, run: RunOptions = {}): Promise<MeasuredItem[]> =>
  eachItem(
    probes,
    2, // one is prepared while the other is computed
    async ({ id, relation, prompt, object, candidates }) => {
      const scores = await score(
        prompt,
        candidates.map((one) => completionAfter(prompt, one)),
      );
      const odd = scores.findIndex(({ logprob }) => Number.isNaN(logprob));
      if (odd >= 0) throw new FormatError(`facts: ${id}: expected the logarithm of a probability for ${JSON.stringify(candidates[odd])}, got NaN; the model's weights are damaged`); // biome-ignore format: a message
      const at = candidates.indexOf(object);
      const own = scores[at]!;
      const wrong = scores.filter((_, i) => i !== at).map(({ logprob }) => logprob);
      const rank = 1 + wrong.filter((logprob) => logprob >= own.logprob).length;
      const best = scores.reduce((top, { logprob }, i) => (logprob > scores[top]!.logprob ? i : top), 0);
      return {
        id,
        group: relation,
        prompt,
        gold: object,
        answer: candidates[best]!,
        values: {
          accuracy: Number(rank === 1),
          'reciprocal-rank': 1 / rank,
          rank,
          logprob: own.logprob,
          'logprob-per-token': perToken(own),
          margin: own.logprob - Math.max(...wrong),
          chance: 1 / candidates.length,
        },
      };
    },
    run,
  );
