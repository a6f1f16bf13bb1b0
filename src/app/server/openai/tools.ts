import { randomUUID } from 'node:crypto';
import type { ModelInfo } from '../../language-model/index.ts';
import { badField, unsupported } from './refusal.ts';

const mostTools = 128;
type Unknown = Readonly<Record<string, unknown>>;

/** The tools that the template is to show; undefined for none. @throws Refusal */
export const toolsOf = ({ tools, tool_choice: choice }: Unknown, { name, takesTools }: ModelInfo): readonly object[] | undefined => {
  if (choice !== undefined && choice !== 'none' && choice !== 'auto')
    throw unsupported('tool_choice', '"none" or "auto"', choice, 'a call cannot be forced yet; leave it out');
  if (tools === undefined) return undefined;
  if (!Array.isArray(tools) || tools.length > mostTools) throw badField('tools', `a list of at most ${mostTools} tools`, tools, 'send fewer');
  for (const [i, tool] of tools.entries()) {
    const { type, function: described } = (tool ?? {}) as Unknown;
    if (type !== 'function') throw unsupported(`tools[${i}].type`, '"function"', type, 'describe it as a function');
    const called = (described as Unknown | undefined)?.['name'];
    if (typeof called !== 'string' || !/^[\w-]{1,64}$/.test(called))
      throw badField(`tools[${i}].function.name`, '1 to 64 letters, digits, _ or -', called, 'rename it');
  }
  if (choice === 'none' || tools.length === 0) return undefined;
  if (!takesTools)
    throw unsupported('tools', `none, because the chat template of ${name} does not name them`, tools, 'use a model that was trained to call tools');
  return tools;
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

const mark = '<tool_call>';

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
  for (const [, block] of text.matchAll(/<tool_call>([\s\S]*?)(?:<\/tool_call>|$)/g)) {
    let found: unknown;
    try {
      found = JSON.parse(block!);
    } catch {
      return undefined;
    }
    for (const call of [found].flat()) {
      const { name, arguments: given = {} } = (call ?? {}) as Unknown;
      if (typeof name !== 'string') return undefined;
      const args = typeof given === 'string' ? given : JSON.stringify(given);
      calls.push({ id: `call_${randomUUID().replaceAll('-', '').slice(0, 24)}`, type: 'function', function: { name, arguments: args } });
    }
  }
  return calls.length > 0 ? calls : undefined;
};
