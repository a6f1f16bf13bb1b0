import { expect, it } from 'vitest';
import { chatMessages } from './chat-messages.ts';
import { toolsInWords } from './tools-in-words.ts';

const look = { type: 'function', function: { name: 'look', parameters: { type: 'object' } } };
const call = (id: string) => ({ id, type: 'function', function: { name: 'look', arguments: '{"at":1}' } });
const talk = chatMessages([
  { role: 'user', content: 'Hi' },
  { role: 'assistant', content: 'Let me see.', tool_calls: [call('1'), call('2')] },
  { role: 'tool', tool_call_id: '1', content: 'one' },
  { role: 'tool', tool_call_id: '2', content: 'two' },
  { role: 'assistant', content: null, tool_calls: [call('3')] },
]);
const written = '<tool_call>\n{"name":"look","arguments":{"at":1}}\n</tool_call>';

it('writes calls and their results as a template that knows them would', () => {
  expect(toolsInWords(talk)).toEqual([
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: `Let me see.\n${written}\n${written}` },
    { role: 'user', content: '<tool_response>\none\n</tool_response>\n<tool_response>\ntwo\n</tool_response>' },
    { role: 'assistant', content: written },
  ]);
});

it('describes tools in the first system message', () => {
  const plain = chatMessages([{ role: 'user', content: 'Hi' }]);
  expect(toolsInWords(plain)).toEqual(plain);
  const [system, user] = toolsInWords(plain, [look]);
  expect([system!.role, user]).toEqual(['system', plain[0]]);
  expect(system!.content).toContain(JSON.stringify(look));
  const [own] = toolsInWords(
    chatMessages([
      { role: 'developer', content: 'Be short.' },
      { role: 'user', content: 'Hi' },
    ]),
    [look],
  );
  expect(own!.content).toBe(`Be short.\n\n${system!.content}`);
});
