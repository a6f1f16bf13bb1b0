import { ConfigError } from '../core/index.ts';
import type { Executable } from '../runtime/index.ts';
import type { CausalModel } from './causal-model.ts';
import { createKeyValueCache } from './key-value-cache.ts';
import { runStep, stepInputs } from './run-step.ts';
import { logSumExp } from './sampling.ts';
import { scoreTokens } from './score.ts';

/** Scores many continuations of one beginning. @returns per continuation the natural logarithms of its tokens' probabilities, each given all before it */
export type ScoreContinuations = (beginning: readonly number[], continuations: readonly (readonly number[])[]) => Promise<Float64Array[]>;

const chunkTokens = 256; // of a beginning in one step
const rowsAtOnce = 64; // each is a whole vocabulary
const bytesAtOnce = 1 << 27; // of copies of the beginning's keys and values, one a text

/**
 * A scorer for a model's step. A beginning is computed once, and of the next one only what the last did not have; continuations follow as batches of like length, those that begin alike as one.
 *
 * Its errors: ConfigError where the beginning or a continuation is empty, or both are longer than the context.
 */
export const continuationScorer = (step: Executable, model: CausalModel): ScoreContinuations => {
  const { config } = model;
  let cache = createKeyValueCache(config);
  let held: number[] = [];
  let last: Promise<unknown> = Promise.resolve();

  /** Scores of what may follow the beginning, [vocab]. */
  const read = async (beginning: readonly number[]): Promise<Float32Array> => {
    if (cache.capacity > 4 * beginning.length + chunkTokens) [cache, held] = [createKeyValueCache(config), []]; // a long text's room is not kept for short ones
    cache.reserve(1, beginning.length);
    let shared = 0;
    while (shared < Math.min(held.length, beginning.length - 1) && held[shared] === beginning[shared]) shared++;
    cache.truncate(0, shared);
    held = beginning.slice(0, shared);
    let scores = new Float32Array();
    while (held.length < beginning.length) {
      const part = beginning.slice(held.length, held.length + chunkTokens);
      scores = (await runStep(step, cache, { first: 0, tokens: [part], rows: [part.length - 1], short: true })) as Float32Array<ArrayBuffer>;
      held.push(...part);
    }
    return scores;
  };

  /** Scores of what may follow each token of the texts, which all follow the beginning: per text [length, vocab]. */
  const branch = async (texts: readonly (readonly number[])[]): Promise<Float32Array[]> => {
    const seq = Math.max(...texts.map(({ length }) => length));
    const rows = texts.flatMap((text, i) => text.map((_, j) => i * seq + j));
    // Later tokens do not change the scores of earlier ones, so any will do to fill up with.
    const tokens = texts.map((text) => [...text, ...Array<number>(seq - text.length).fill(0)]);
    const starts = texts.map(() => cache.lengthOf(0));
    const { logits } = await step.run({ ...stepInputs(tokens, starts, rows), ...cache.feedsOfOne(0, texts.length) });
    let at = 0;
    return texts.map(({ length }) => {
      at += length;
      return (logits!.data as Float32Array).subarray((at - length) * config.vocab, at * config.vocab);
    });
  };

  const score: ScoreContinuations = async (beginning, continuations) => {
    check(beginning, continuations, config.positions);
    const [short, long] = [continuations.filter(isShort), continuations.filter((tokens) => !isShort(tokens))];
    if (long.length > 0) {
      const alone = new Map<readonly number[], Float64Array>();
      for (const tokens of long) alone.set(tokens, await scoreTokens(step, model, [...beginning, ...tokens], beginning.length));
      const others = short.length > 0 ? await score(beginning, short) : [];
      return continuations.map((tokens) => alone.get(tokens) ?? others.shift()!);
    }
    const first = await read(beginning);
    const whole = logSumExp(first);
    const found = continuations.map((tokens) => new Float64Array(tokens.length).fill(first[tokens[0]!]! - whole, 0, 1));
    const perText = 2 * config.layers * config.kvHeads * config.headDim * 4 * beginning.length;
    const most = Math.max(1, Math.floor(bytesAtOnce / perText));
    for (const texts of batches(distinctBeginnings(continuations), most)) {
      const scores = await branch(texts);
      for (const [t, text] of texts.entries())
        for (let j = 0; j < text.length; j++) {
          const own = scores[t]!.subarray(j * config.vocab, (j + 1) * config.vocab);
          const sum = logSumExp(own);
          for (const [c, tokens] of continuations.entries())
            if (tokens.length > j + 1 && startsWith(tokens, text, j + 1)) found[c]![j + 1] = own[tokens[j + 1]!]! - sum;
        }
    }
    return found;
  };

  // One at a time: all share the cache.
  return (beginning, continuations) => {
    const result = last.then(() => score(beginning, continuations));
    last = result.catch(() => {});
    return result;
  };
};

const check = (beginning: readonly number[], continuations: readonly (readonly number[])[], positions: number): void => {
  if (beginning.length === 0) throw new ConfigError('score: expected a beginning of at least one token, got none; what nothing precedes has no probability');
  const longest = continuations.reduce((most, { length }) => Math.max(most, length), 0);
  if (continuations.some(({ length }) => length === 0)) throw new ConfigError('score: expected continuations of at least one token, got an empty one');
  if (beginning.length + longest > positions)
    throw new ConfigError(
      `score: expected at most ${positions} tokens (the model's context), got ${beginning.length} and a continuation of ${longest}; shorten the text`,
    );
};

const isShort = ({ length }: readonly number[]): boolean => length <= rowsAtOnce;

const startsWith = (tokens: readonly number[], text: readonly number[], length: number): boolean => {
  for (let i = 0; i < length; i++) if (tokens[i] !== text[i]) return false;
  return true;
};

/** What must be computed: continuations without their last token, none of which another begins with. */
const distinctBeginnings = (continuations: readonly (readonly number[])[]): number[][] => {
  const texts = continuations.filter(({ length }) => length > 1).map((tokens) => tokens.slice(0, -1));
  texts.sort((a, b) => b.length - a.length);
  const covered = new Set<string>();
  return texts.filter((text) => {
    const known = covered.has(text.join());
    for (let length = 1; length <= text.length; length++) covered.add(text.slice(0, length).join());
    return !known;
  });
};

/** Texts, the longest first, cut into batches of as many tokens as may be computed at once. */
const batches = (texts: readonly (readonly number[])[], most: number): (readonly number[])[][] => {
  const cut: (readonly number[])[][] = [];
  for (const text of texts) {
    const batch = cut.at(-1);
    if (batch && batch.length < most && (batch.length + 1) * batch[0]!.length <= rowsAtOnce) batch.push(text);
    else cut.push([text]);
  }
  return cut;
};
