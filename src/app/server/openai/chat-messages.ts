import type { ChatMessage } from '../../../formats/index.ts';
import { badField, unsupported } from './refusal.ts';

const mostMessages = 10_000;
const roles = ['system', 'developer', 'user', 'assistant', 'tool'];
type Unknown = Readonly<Record<string, unknown>>;

/** A message whose content is one text. */
export interface TextMessage extends ChatMessage {
  readonly content: string;
}

/** Messages of OpenAI's form as chat templates know them: `developer` is a system message, parts of text are lines of one text. @throws Refusal that names the part at fault */
export const chatMessages = (given: unknown): TextMessage[] => {
  if (!Array.isArray(given) || given.length === 0 || given.length > mostMessages)
    throw badField('messages', `a list of 1 to ${mostMessages} messages`, given, 'send the conversation');
  return given.map((message, i) => chatMessage(message, `messages[${i}]`));
};

const chatMessage = (given: unknown, where: string): TextMessage => {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw badField(where, 'an object with role and content', given, 'send one');
  const { role, content, name, tool_calls, tool_call_id, audio, function_call } = given as Unknown;
  if (typeof role !== 'string' || !roles.includes(role)) throw badField(`${where}.role`, `one of ${roles.join(', ')}`, role, 'use one of these');
  if (audio !== undefined && audio !== null) throw unsupported(`${where}.audio`, 'text only', audio, 'leave it out');
  if (function_call !== undefined && function_call !== null) throw unsupported(`${where}.function_call`, 'tool_calls', function_call, 'use tools');
  const calls = tool_calls === undefined || tool_calls === null ? undefined : toolCalls(tool_calls, `${where}.tool_calls`);
  const absent = content === undefined || content === null;
  if (absent && role !== 'assistant') throw badField(`${where}.content`, 'a text or a list of parts', content, 'say something');
  return {
    role: role === 'developer' ? 'system' : role,
    content: absent ? '' : textOf(content, `${where}.content`),
    ...(typeof name === 'string' && { name }),
    ...(calls && calls.length > 0 && { tool_calls: calls }),
    ...(typeof tool_call_id === 'string' && { tool_call_id }),
  };
};

const textOf = (content: unknown, where: string): string => {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) throw badField(where, 'a text or a list of parts', content, 'send one of these');
  const texts = content.map((part: unknown, i) => {
    const { type, text } = (part ?? {}) as Unknown;
    if (type !== 'text') throw unsupported(`${where}[${i}].type`, '"text"', type, 'this model reads text only');
    if (typeof text !== 'string') throw badField(`${where}[${i}].text`, 'a text', text, 'send one');
    return text;
  });
  return texts.join('\n');
};

/** Templates want arguments as a value; over HTTP they are its JSON. */
const toolCalls = (given: unknown, where: string): object[] => {
  if (!Array.isArray(given)) throw badField(where, 'a list of calls', given, 'send what the answer said');
  return given.map((call: unknown, i) => {
    const { id, type, function: called } = (call ?? {}) as Unknown;
    const { name, arguments: text } = (called ?? {}) as Unknown;
    if (typeof name !== 'string') throw badField(`${where}[${i}].function.name`, 'a name', name, 'send what the answer said');
    let value = text;
    try {
      if (typeof text === 'string') value = JSON.parse(text === '' ? '{}' : text);
    } catch {
      // what the model wrote was no JSON: the template shows it as it is
    }
    return { ...(typeof id === 'string' && { id }), type: typeof type === 'string' ? type : 'function', function: { name, arguments: value ?? {} } };
  });
};
