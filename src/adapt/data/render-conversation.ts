import { UnsupportedError } from '../../core/index.ts';
import { type CausalTokenizer, renderChat } from '../../formats/index.ts';
import type { Turn } from './sample.ts';

export interface Conversing {
  readonly tokenizer: CausalTokenizer;
  /** The model's Jinja template; undefined: the plain form. */
  readonly chatTemplate: string | undefined;
  /** What a template that tells the date is told; kept in a run's file, so that it sees the same tokens when it resumes. Default: now. */
  readonly now?: Date;
}

/** Tokens of a conversation and which of them are an answer's: from its first token to its end token. */
export interface Spoken {
  readonly ids: number[];
  readonly answer: boolean[];
}

/** Which answers of a conversation are learnt. */
export type Learnt = 'all' | 'last';

/**
 * Tokens of a conversation that ends with an answer, as the model sees it at use.
 *
 * With a template: the whole is rendered, and for each answer what is rendered to ask for it; the answer is what comes after that, up to the first end token behind its words. A token that ends after the question's last
 * character is the answer's. Where the template writes what went before otherwise once there is an answer, or not the answer's words, the tokens are the question as it is asked at use, the last answer and the end token, and only the
 * last answer is learnt.
 *
 * Without one, the plain form: what is said in turns, a line break between question and answer and between questions where there is no white space already, the end token behind every answer; no names of roles.
 *
 * @throws UnsupportedError where the template does not take the messages · FormatError where it is none
 */
export const speak = (turns: readonly Turn[], how: Conversing, learnt: Learnt): Promise<Spoken> =>
  how.chatTemplate === undefined
    ? Promise.resolve(speakPlainly(turns, how.tokenizer, learnt))
    : speakByTemplate(turns, how.tokenizer, how.chatTemplate, learnt, how.now ?? new Date());

const speakPlainly = (turns: readonly Turn[], tokenizer: CausalTokenizer, learnt: Learnt): Spoken => {
  const [ids, answer]: [number[], boolean[]] = [[], []];
  let prompt = '';
  for (const [i, { role, content }] of turns.entries()) {
    if (prompt !== '' && !/\s$/.test(prompt) && !/^\s/.test(content)) prompt += '\n';
    if (role !== 'assistant') {
      prompt += content;
      continue;
    }
    const learn = learnt === 'all' || i === turns.length - 1;
    const round = tokenizer.encodeWithOffsets(prompt + content, { special: ids.length === 0 });
    ids.push(...round.ids);
    answer.push(...round.ends.map((end) => learn && end > prompt.length));
    endWith(ids, answer, tokenizer, learn);
    prompt = '';
  }
  return { ids, answer };
};

/** Puts an end token behind an answer that has none. */
const endWith = (ids: number[], answer: boolean[], { eos }: CausalTokenizer, learn: boolean): void => {
  if (ids.length > 0 && eos.includes(ids.at(-1)!)) answer[answer.length - 1] = learn;
  else if (eos.length > 0) {
    ids.push(eos[0]!);
    answer.push(learn);
  }
};

const speakByTemplate = async (turns: readonly Turn[], tokenizer: CausalTokenizer, template: string, learnt: Learnt, now: Date): Promise<Spoken> => {
  const spelt = (id: number | undefined): string => (id === undefined ? '' : (tokenizer.tokenOf(id) ?? ''));
  const render = (count: number, addGenerationPrompt: boolean): Promise<string> =>
    renderChat(template, {
      messages: turns.slice(0, count).map(({ role, content }) => ({ role, content })),
      addGenerationPrompt,
      bosToken: spelt(tokenizer.bos),
      eosToken: spelt(tokenizer.eos[0]),
      now,
    });
  const whole = await render(turns.length, false);
  const question = await render(turns.length - 1, true);
  const { content } = turns.at(-1)!;
  if (!whole.startsWith(question) || !whole.includes(content.trim(), question.length)) return speakAsAsked(question, content, tokenizer);
  const spans = [{ from: question.length, to: whole.length, content }];
  if (learnt === 'all')
    for (const [i, { role, content }] of turns.slice(0, -1).entries()) {
      if (role !== 'assistant') continue;
      const [asked, said] = [await render(i, true).catch(notRendered), await render(i + 1, false).catch(notRendered)];
      if (asked !== undefined && said?.startsWith(asked) && whole.startsWith(said)) spans.push({ from: asked.length, to: said.length, content });
    }
  const { ids, ends } = tokenizer.encodeWithOffsets(whole, { special: false });
  const answer = ids.map(() => false);
  for (const { from, to, content } of spans) {
    const words = content.trim();
    const at = whole.indexOf(words, from);
    const wordsEnd = at < 0 || at + words.length > to ? from : at + words.length;
    for (let i = ends.findIndex((end) => end > from); i >= 0 && i < ids.length && ends[i]! <= to; i++) {
      answer[i] = true;
      if (ends[i]! > wordsEnd && tokenizer.eos.includes(ids[i]!)) break;
    }
  }
  // What a template writes behind the last end token is never asked for; without an end token there would be no end to learn.
  const last = answer.lastIndexOf(true);
  const spoken = { ids: ids.slice(0, last + 1), answer: answer.slice(0, last + 1) };
  if (!tokenizer.eos.includes(ids[last]!)) endWith(spoken.ids, spoken.answer, tokenizer, true);
  return spoken;
};

/** An earlier answer that the template does not ask for by itself, as after no question, is left unlearnt. */
const notRendered = (error: unknown): undefined => {
  if (!(error instanceof UnsupportedError)) throw error;
  return undefined;
};

const speakAsAsked = (question: string, content: string, tokenizer: CausalTokenizer): Spoken => {
  const { ids, ends } = tokenizer.encodeWithOffsets(question + content.trim(), { special: false });
  const answer = ends.map((end) => end > question.length);
  endWith(ids, answer, tokenizer, true);
  return { ids, answer };
};
