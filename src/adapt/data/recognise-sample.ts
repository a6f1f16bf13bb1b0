import type { ConversationSample, PreferenceSample, TextSample, Turn } from './sample.ts';

/** A line of a file as an object. */
export type Fields = Readonly<Record<string, unknown>>;

type Content<T> = Omit<T, 'id' | 'line' | 'kind'>;
export type Recognised = Content<ConversationSample> | Content<PreferenceSample> | Content<TextSample>;

/** Why a line is no sample. */
class Unfit extends Error {}
const refuse = (reason: string): never => {
  throw new Unfit(reason);
};

const roles: Readonly<Record<string, Turn['role']>> = {
  system: 'system',
  developer: 'developer',
  user: 'user',
  human: 'user',
  assistant: 'assistant',
  gpt: 'assistant',
  model: 'assistant',
  tool: 'tool',
};
const isBlank = (text: string): boolean => text.trim() === '';
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
const shown = (value: unknown): string => (JSON.stringify(value) ?? String(value)).slice(0, 40);

/**
 * Recognises a sample by the names of its fields: `prompt`/`messages` + `chosen` + `rejected`; `messages` or `conversations`; `instruction` (+ `input`) + `output`; `prompt` + `completion`/`response`;
 * `question` (+ `context`) + `answer`/`answers`; `text`. The first that fits counts, other fields are left alone.
 *
 * @returns the sample, or why it is none
 */
export const recogniseSample = (fields: Fields): Recognised | { readonly reason: string } => {
  try {
    return recognise(fields);
  } catch (error) {
    if (error instanceof Unfit) return { reason: error.message };
    throw error;
  }
};

const recognise = (fields: Fields): Recognised => {
  const has = (name: string): boolean => Object.hasOwn(fields, name) && fields[name] !== null;
  if (has('chosen') || has('rejected')) return preference(fields, has);
  if (has('messages')) return conversation('chat', turnsOf(fields['messages'], 'messages'));
  if (has('conversations')) return conversation('chat', turnsOf(fields['conversations'], 'conversations'));
  if (has('instruction'))
    return conversation('instruction', asked([fields['instruction'], has('input') ? fields['input'] : ''], 'instruction', fields['output'], 'output'));
  if (has('prompt')) {
    const name = has('completion') ? 'completion' : 'response';
    if (!Array.isArray(fields['prompt'])) return conversation('instruction', asked([fields['prompt']], 'prompt', fields[name], name));
    return conversation('instruction', [...turnsOf(fields['prompt'], 'prompt'), ...answered(fields[name], name)]);
  }
  if (has('question')) {
    const name = has('answer') ? 'answer' : 'answers';
    return conversation('instruction', asked([has('context') ? fields['context'] : '', fields['question']], 'question', firstOf(fields[name]), name));
  }
  if (has('text')) {
    const text = wordsOf(fields['text'], 'text');
    return isBlank(text) ? refuse('text is empty') : { shape: 'text', text };
  }
  const names = Object.keys(fields)
    .slice(0, 8)
    .map((name) => name.slice(0, 30));
  return refuse(
    `no shape fits the fields ${names.join(', ') || '(none)'}; expected messages, conversations, instruction + output, prompt + completion, question + answer, chosen + rejected or text`,
  );
};

const preference = (fields: Fields, has: (name: string) => boolean): Content<PreferenceSample> => {
  for (const name of ['chosen', 'rejected']) if (!has(name)) refuse(`${name} is missing: a preference names both answers`);
  const before = has('messages') ? turnsOf(fields['messages'], 'messages') : has('prompt') ? promptTurns(fields['prompt']) : [];
  const [chosen, rejected] = [answered(fields['chosen'], 'chosen'), answered(fields['rejected'], 'rejected')];
  // Lists of messages may hold the prompt too.
  const [[first, answer], [second, other]] = [partedAtEnd(chosen), partedAtEnd(rejected)];
  if (!same(first, second)) refuse('chosen and rejected differ before their last message; expected two answers to one prompt');
  const turns = same(first.slice(0, before.length), before) ? first : [...before, ...first];
  if (turns.length === 0 || turns.at(-1)!.role === 'assistant') refuse('there is no prompt before the answers');
  return { shape: 'preference', turns, chosen: answer, rejected: other };
};

const partedAtEnd = (turns: readonly Turn[]): [readonly Turn[], string] => [turns.slice(0, -1), turns.at(-1)!.content];
const same = (a: readonly Turn[], b: readonly Turn[]): boolean =>
  a.length === b.length && a.every(({ role, content }, i) => role === b[i]!.role && content === b[i]!.content);

const promptTurns = (value: unknown): Turn[] => {
  if (Array.isArray(value)) return turnsOf(value, 'prompt');
  const content = wordsOf(value, 'prompt');
  return isBlank(content) ? refuse('prompt is empty') : [{ role: 'user', content }];
};

const conversation = (shape: 'chat' | 'instruction', turns: readonly Turn[]): Content<ConversationSample> => {
  const last = turns.at(-1);
  if (last === undefined) refuse('there are no messages');
  if (last!.role !== 'assistant') refuse(`the last message is of ${last!.role}: there is no answer to learn`);
  const empty = turns.findIndex(({ role, content }) => role === 'assistant' && isBlank(content));
  if (empty >= 0) refuse(turns.length <= 2 ? 'the answer is empty' : `the answer in message ${empty + 1} is empty`);
  if (turns.every(({ role, content }) => role === 'assistant' || isBlank(content))) refuse('there is nothing before the answer');
  return { shape, turns };
};

/** A question of one or two parts, and its answer. */
const asked = (parts: readonly unknown[], name: string, answer: unknown, answerName: string): Turn[] => {
  const content = parts.map((part) => wordsOf(part, name)).filter((part) => !isBlank(part));
  return [{ role: 'user', content: content.join('\n\n') }, ...answered(answer, answerName)];
};

/** An answer as text, a number or a yes or no, or as messages of which the last is the answer. */
const answered = (value: unknown, name: string): Turn[] => {
  if (value === undefined || value === null) refuse(`${name} is missing: there is no answer to learn`);
  if (Array.isArray(value)) {
    const turns = turnsOf(value, name);
    if (turns.at(-1)?.role !== 'assistant' || isBlank(turns.at(-1)!.content)) refuse(`${name} does not end with an answer`);
    return turns;
  }
  const content = typeof value === 'number' || typeof value === 'boolean' ? String(value) : wordsOf(value, name);
  if (isBlank(content)) refuse(`${name} is empty: there is no answer to learn`);
  return [{ role: 'assistant', content }];
};

/** The first of several right answers, `["a", "b"]` or `{ text: ["a", "b"] }`. */
const firstOf = (value: unknown): unknown => {
  const list = isFields(value) ? value['text'] : value;
  return Array.isArray(list) ? list[0] : list;
};

const turnsOf = (value: unknown, name: string): Turn[] => {
  if (!Array.isArray(value)) return refuse(`${name} is no list of messages but ${shown(value)}`);
  return value.map((message: unknown, i) => {
    if (!isFields(message)) return refuse(`${name}[${i}] is no message but ${shown(message)}`);
    const [spelt, content] = Object.hasOwn(message, 'from') ? [message['from'], message['value']] : [message['role'], message['content']];
    const role = typeof spelt === 'string' && Object.hasOwn(roles, spelt) ? roles[spelt]! : refuse(`${name}[${i}] is of the unknown role ${shown(spelt)}`);
    return { role, content: wordsOf(content, `${name}[${i}]`) };
  });
};

/** A text, or the words of a list of parts `{ type: 'text', text }`. */
const wordsOf = (value: unknown, name: string): string => {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return refuse(`${name} is no text but ${shown(value)}`);
  return value
    .map((part: unknown) =>
      isFields(part) && part['type'] === 'text' && typeof part['text'] === 'string'
        ? part['text']
        : refuse(`${name} has a part that is no text: ${shown(part)}`),
    )
    .join('');
};
