import { randomUUID } from 'node:crypto';
import type { CallableFunction, ToolCallRule } from '../../../generate/index.ts';
import { badField, unsupported } from './refusal.ts';

const mostTools = 128;
type Unknown = Readonly<Record<string, unknown>>;

/** What a request says of tools. */
export interface AskedTools {
  /** What the model is told of; undefined for none. */
  readonly told: readonly object[] | undefined;
  /** What the answer is bound to. */
  readonly calls?: ToolCallRule;
}

/**
 * The tools of a request, and how the answer is bound by them: where a call is forced, where at most one is wanted, where a tool is strict, and where the answer has a form of its own that calls would break.
 * Arguments of what is neither forced nor strict are any object.
 *
 * @throws Refusal
 */
export const toolsOf = ({ tools, tool_choice: choice, parallel_tool_calls: parallel = true }: Unknown, formatted: boolean): AskedTools => {
  const told = tools === undefined ? [] : listOf(tools);
  if (typeof parallel !== 'boolean') throw badField('parallel_tool_calls', 'true or false', parallel, 'leave it out');
  if (choice === 'none') return { told: undefined };
  const { allowed, required, single = false } = chosenBy(choice, told);
  if (told.length === 0) return { told: undefined };
  if (required) return { told, calls: { functions: allowed.map(callable), required, parallel: parallel && !single } };
  const strict = allowed.some((one) => one.function.strict === true);
  if (parallel && !strict && !formatted && allowed === told) return { told };
  const loose = ({ name }: Described) => ({ name, parameters: { type: 'object' } });
  return {
    told,
    calls: { functions: allowed.map((one) => (parallel && one.function.strict !== true ? loose(one.function) : callable(one))), required, parallel },
  };
};

interface Described {
  readonly name: string;
  readonly parameters?: unknown;
  readonly strict?: unknown;
}
interface Tool {
  readonly type: 'function';
  readonly function: Described;
}

const callable = ({ function: { name, parameters } }: Tool): CallableFunction => ({ name, ...(parameters != null && { parameters }) });

const listOf = (tools: unknown): readonly Tool[] => {
  if (!Array.isArray(tools) || tools.length > mostTools) throw badField('tools', `a list of at most ${mostTools} tools`, tools, 'send fewer');
  for (const [i, tool] of tools.entries()) {
    const { type, function: described } = (tool ?? {}) as Unknown;
    if (type !== 'function') throw unsupported(`tools[${i}].type`, '"function"', type, 'describe it as a function');
    const called = (described as Unknown | undefined)?.['name'];
    if (typeof called !== 'string' || !/^[\w-]{1,64}$/.test(called))
      throw badField(`tools[${i}].function.name`, '1 to 64 letters, digits, _ or -', called, 'rename it');
  }
  return tools as Tool[];
};

interface Chosen {
  /** The tools that may be called. */
  readonly allowed: readonly Tool[];
  readonly required: boolean;
  /** One call and no more. */
  readonly single?: boolean;
}

const chosenBy = (choice: unknown, told: readonly Tool[]): Chosen => {
  if (choice === undefined || choice === 'auto') return { allowed: told, required: false };
  if (choice === 'required') {
    if (told.length === 0) throw badField('tool_choice', '"none" or "auto", because there are no tools', choice, 'send tools');
    return { allowed: told, required: true };
  }
  const { type, function: named, allowed_tools: listed } = (typeof choice === 'object' && choice !== null ? choice : {}) as Unknown;
  if (type === 'allowed_tools') return allowedBy(listed, told);
  if (type !== 'function') throw unsupported('tool_choice', '"none", "auto", "required", a function or allowed_tools', choice, 'use one of these');
  return { allowed: [toolNamed(named, told, 'tool_choice.function.name')], required: true, single: true };
};

/** A choice of several: the model is told of all tools, so that the beginning of its prompt stays the same. */
const allowedBy = (listed: unknown, told: readonly Tool[]): Chosen => {
  const where = 'tool_choice.allowed_tools';
  const { mode, tools } = (listed ?? {}) as Unknown;
  if (mode !== 'auto' && mode !== 'required') throw badField(`${where}.mode`, '"auto" or "required"', mode, 'send one of these');
  if (!Array.isArray(tools) || tools.length === 0) throw badField(`${where}.tools`, 'a list of at least one tool', tools, 'name one, or choose "none"');
  const named = tools.map((tool, i) => {
    const { type, function: called } = (tool ?? {}) as Unknown;
    if (type !== 'function') throw unsupported(`${where}.tools[${i}].type`, '"function"', type, 'name it as a function');
    return toolNamed(called, told, `${where}.tools[${i}].function.name`);
  });
  return { allowed: told.filter((one) => named.includes(one)), required: mode === 'required' };
};

const toolNamed = (named: unknown, told: readonly Tool[], where: string): Tool => {
  const { name } = (named ?? {}) as Unknown;
  const found = told.find((one) => one.function.name === name);
  if (!found) throw badField(where, 'the name of one of the tools', name, 'send that tool, too');
  return found;
};

export interface ToolCall {
  readonly id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: string };
}

/** Tells calls from text in an answer. Text goes on at once; from `<tool_call>` on it is held back until the end. */
export interface ToolCallReader {
  push(text: string): string;
  /** The calls, and what was held back and is none. */
  end(): { readonly text: string; readonly calls: readonly ToolCall[] };
}

const [mark, endMark] = ['<tool_call>', '</tool_call>'];

export const toolCallReader = (): ToolCallReader => {
  let held = '';
  return {
    push(text) {
      held += text;
      const at = held.indexOf(mark);
      let keep = at < 0 ? Math.min(held.length, mark.length - 1) : held.length - at;
      if (at < 0) while (keep > 0 && !mark.startsWith(held.slice(held.length - keep))) keep--;
      const shown = held.slice(0, held.length - keep);
      held = held.slice(held.length - keep);
      return shown;
    },
    end() {
      const calls = held.startsWith(mark) ? readCalls(held) : undefined;
      return calls ? { text: '', calls } : { text: held, calls: [] };
    },
  };
};

/** Undefined where a block is not a call or a list of calls: then it is text. */
const readCalls = (text: string): ToolCall[] | undefined => {
  const calls: ToolCall[] = [];
  for (let at = text.indexOf(mark); at >= 0; ) {
    const from = at + mark.length;
    const to = endOfBlock(text, from);
    let found: unknown;
    try {
      found = JSON.parse(text.slice(from, to));
    } catch {
      return undefined;
    }
    for (const call of [found].flat()) {
      const { name, arguments: given = {} } = (call ?? {}) as Unknown;
      if (typeof name !== 'string') return undefined;
      const args = typeof given === 'string' ? given : JSON.stringify(given);
      calls.push({ id: `call_${randomUUID().replaceAll('-', '').slice(0, 24)}`, type: 'function', function: { name, arguments: args } });
    }
    at = text.indexOf(mark, to);
  }
  return calls.length > 0 ? calls : undefined;
};

/** Where the block ends that begins at `from`: at the next mark that no string of JSON holds, else with the text. */
const endOfBlock = (text: string, from: number): number => {
  let quoted = false;
  for (let at = from; at < text.length; at++) {
    const letter = text[at];
    if (letter === '"') quoted = !quoted;
    else if (quoted && letter === '\\') at++;
    else if (!quoted && text.startsWith(endMark, at)) return at;
  }
  return text.length;
};
