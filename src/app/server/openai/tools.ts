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
  const forced = forcedBy(choice, told);
  if (told.length === 0) return { told: undefined };
  if (forced) return { told, calls: { functions: forced.map(callable), required: true, parallel: parallel && typeof choice === 'string' } };
  const strict = told.some((one) => one.function.strict === true);
  if (parallel && !strict && !formatted) return { told };
  const loose = ({ name }: Described) => ({ name, parameters: { type: 'object' } });
  return {
    told,
    calls: { functions: told.map((one) => (parallel && one.function.strict !== true ? loose(one.function) : callable(one))), required: false, parallel },
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

/** The tools of which one must be called; undefined where none must. */
const forcedBy = (choice: unknown, told: readonly Tool[]): readonly Tool[] | undefined => {
  if (choice === undefined || choice === 'auto') return undefined;
  if (choice === 'required') {
    if (told.length === 0) throw badField('tool_choice', '"none" or "auto", because there are no tools', choice, 'send tools');
    return told;
  }
  const { type, function: named } = (typeof choice === 'object' ? choice : {}) as { type?: unknown; function?: { name?: unknown } };
  if (type !== 'function') throw unsupported('tool_choice', '"none", "auto", "required" or a function', choice, 'use one of these');
  const found = told.filter((one) => one.function.name === named?.name);
  if (found.length === 0) throw badField('tool_choice.function.name', 'the name of one of the tools', named?.name, 'send that tool, too');
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
