import type { TextMessage } from './chat-messages.ts';

interface Call {
  readonly function: { readonly name: string; readonly arguments: unknown };
}

/**
 * A conversation for a chat template that does not know tools: the first system message describes them, calls are a part of what the assistant said, and their results of what the user said.
 *
 * @param messages  as `chatMessages` gives them
 */
export const toolsInWords = (messages: readonly TextMessage[], tools: readonly object[] = []): TextMessage[] => {
  const turns: TextMessage[] = [];
  for (const { tool_calls: calls, tool_call_id: _, ...message } of messages) {
    const before = turns.at(-1);
    if (message.role !== 'tool') turns.push({ ...message, content: [message.content, ...((calls ?? []) as Call[]).map(written)].filter(Boolean).join('\n') });
    else {
      const result = `<tool_response>\n${message.content}\n</tool_response>`;
      if (before?.role === 'user' && before.content.endsWith('</tool_response>'))
        turns[turns.length - 1] = { ...before, content: `${before.content}\n${result}` };
      else turns.push({ role: 'user', content: result });
    }
  }
  if (tools.length === 0) return turns;
  const [first, ...rest] = turns;
  return first?.role === 'system'
    ? [{ ...first, content: `${first.content}\n\n${described(tools)}` }, ...rest]
    : [{ role: 'system', content: described(tools) }, ...turns];
};

const written = ({ function: { name, arguments: given } }: Call): string => `<tool_call>\n${JSON.stringify({ name, arguments: given })}\n</tool_call>`;

const described = (tools: readonly object[]): string =>
  [
    'You can call functions. Each line describes one:',
    ...tools.map((tool) => JSON.stringify(tool)),
    'To call one, write nothing but its name and its arguments, like this:',
    '<tool_call>',
    '{"name": "the name", "arguments": {"one": "value"}}',
    '</tool_call>',
  ].join('\n');
