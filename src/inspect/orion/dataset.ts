import { ConfigError } from '../../core/index.ts';
import { openDraw } from './draw.ts';
import { type Encoder, openReader, type Reader, type ReadingOptions } from './first-token.ts';
import { asText, type Context, evaluate, find, type Request, shown } from './table.ts';
import { type Draft, nameOf, type OrionTask } from './task.ts';

/** One prompt: the answer is what its request finds in its context. */
export interface OrionPrompt {
  /** What the model reads, wrapped where the dataset is. */
  readonly text: string;
  /** Token ids [seq] of `text`. */
  readonly ids: readonly number[];
  readonly request: Request;
  readonly context: Context;
  /** The answer, without the space in front. */
  readonly answer: string;
  /** The token that begins the answer: only this one counts. */
  readonly answerId: number;
}

export interface OrionDataset {
  readonly family: string;
  readonly variant: string;
  readonly prompts: readonly OrionPrompt[];
  /** Share of right answers, in [0, 1], of who answers a prompt by the request of any prompt. */
  readonly guess: number;
  /** What was left out because the tokenizer cannot tell it apart. */
  readonly dropped: readonly string[];
}

export interface DatasetOptions extends ReadingOptions {
  /** Prompts (default 100). */
  readonly count?: number;
  /** The same seed makes the same prompts (default 1). */
  readonly seed?: number;
}

/**
 * The prompts of a task for a tokenizer. Every answer begins with a token of its own, and no two answers of the dataset with the same one.
 *
 * Source: arXiv 2312.10091 and its code. Different on purpose: everything is seeded, tokens are compared by id and not by text, and the share of lucky guesses is counted over all pairs of prompts
 * instead of 1000 drawn ones.
 *
 * @throws ConfigError where an answer grows into one token with its prompt, two answers share a first token, or a request does not find one answer in some context
 */
export const makeDataset = (task: OrionTask, tokenizer: Encoder, { count = 100, seed = 1, ...reading }: DatasetOptions = {}): OrionDataset => {
  const where = nameOf(task);
  if (!Number.isInteger(count) || count < 1)
    throw new ConfigError(`${where}: expected a whole number of prompts from 1 up, got ${count}; leave it out for 100`);
  const reader = openReader(tokenizer, reading);
  const { prompts: drafts, dropped = [] } = task.draft(count, openDraw(seed), reader);
  const firsts = firstTokens(task, drafts, reader);
  const withFirsts = remember(
    (context: Context): Context =>
      context.map((entity) =>
        entity.map(({ name, value }) => {
          const first = firsts.get(name)?.get(value);
          return first === undefined ? { name, value } : { name, value, first };
        }),
      ),
  );
  const prompts = drafts.map(({ text, request, context: plain }, i): OrionPrompt => {
    if (/\s$/.test(text))
      throw new ConfigError(
        `${where} prompt ${i}: expected a text that does not end in white space, got ${shown(text.slice(-20))}; the answer brings the space`,
      );
    const context = withFirsts(plain);
    const answer = find(request, context).value;
    const answerId = evaluate(request, context);
    const own = reader.requireFirst(`${where} prompt ${i}`, text, answerText(task, request.ask, answer));
    if (own !== answerId)
      throw new ConfigError(
        `${where} prompt ${i}: expected ${shown(answer)} to begin with token ${answerId} as behind other prompts, got ${own}; end all prompts alike`,
      );
    return { text: reader.wrap(text), ids: reader.ids(text), request, context, answer, answerId };
  });
  return { family: task.family, variant: task.variant, prompts, guess: luckyGuesses(prompts), dropped };
};

const answerText = ({ answers }: OrionTask, attribute: string, value: string): string => `${answers.get(attribute) ?? ''}${value}`;

/** Per attribute that is asked, the first token of each of its values behind a prompt that asks it. @throws ConfigError where two values share one */
const firstTokens = (task: OrionTask, drafts: readonly Draft[], reader: Reader): Map<string, Map<string, number>> => {
  const where = nameOf(task);
  const owners = new Map<number, string>();
  const firsts = new Map<string, Map<string, number>>();
  for (const attribute of new Set(drafts.map(({ request }) => request.ask))) {
    if (!task.answers.has(attribute))
      throw new ConfigError(`${where}: expected requests for ${[...task.answers.keys()].join(', ')}, got one for ${attribute}; name it among the answers`);
    const { text } = drafts.find(({ request }) => request.ask === attribute)!;
    const values = new Set(
      drafts.flatMap(({ context }) => context.flatMap((entity) => entity.flatMap(({ name, value }) => (name === attribute ? [value] : [])))),
    );
    const found = new Map<string, number>();
    for (const value of values) {
      const first = reader.requireFirst(where, text, answerText(task, attribute, value));
      const owner = owners.get(first);
      if (owner !== undefined && owner !== value)
        throw new ConfigError(
          `${where}: expected answers with first tokens of their own, got ${shown(owner)} and ${shown(value)} that both begin with token ${first}; use other values or another model`,
        );
      owners.set(first, value);
      found.set(value, first);
    }
    firsts.set(attribute, found);
  }
  return firsts;
};

/** By value and not by token: where prompts differ in whether a space precedes the answer, a guess has the right form. */
const luckyGuesses = (prompts: readonly OrionPrompt[]): number => {
  const askings = Map.groupBy(prompts, ({ request }) => asText(request));
  const hits = prompts.map(({ context, answer }) => {
    let hit = 0;
    for (const [{ request }, times] of [...askings.values()].map((all) => [all[0]!, all.length] as const))
      if (find(request, context).value === answer) hit += times;
    return hit;
  });
  return hits.reduce((sum, hit) => sum + hit, 0) / prompts.length ** 2;
};

/** Contexts that several prompts share stay one. */
const remember = <In extends object, Out>(work: (input: In) => Out): ((input: In) => Out) => {
  const kept = new Map<In, Out>();
  return (input) => {
    const found = kept.get(input) ?? work(input);
    kept.set(input, found);
    return found;
  };
};
