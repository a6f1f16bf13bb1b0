import { expect, it } from 'vitest';
import { toolCallReader } from './tools.ts';

const read = (parts: readonly string[]) => {
  const reader = toolCallReader();
  const shown = parts.map((part) => reader.push(part));
  const { text, calls } = reader.end();
  return { shown, text, calls: calls.map(({ function: called }) => called) };
};
const letters = (text: string) => read([...text]);

it('lets text through at once, and holds back what may be the beginning of a call', () => {
  expect(read(['a < b', ' <tool', '_box>', ' <tool_ca'])).toEqual({ shown: ['a < b', ' ', '<tool_box>', ' '], text: '<tool_ca', calls: [] });
});

it.each([
  ['one', 'Let me see. <tool_call>\n{"name": "look", "arguments": {"at": "x<y"}}\n</tool_call>', [{ name: 'look', arguments: '{"at":"x<y"}' }]],
  [
    'two',
    '<tool_call>{"name":"a"}</tool_call>\n<tool_call>{"name":"b","arguments":"{}"}</tool_call>',
    [
      { name: 'a', arguments: '{}' },
      { name: 'b', arguments: '{}' },
    ],
  ],
  [
    'a list',
    '<tool_call>[{"name":"a","arguments":{}},{"name":"b","arguments":[1]}]</tool_call>',
    [
      { name: 'a', arguments: '{}' },
      { name: 'b', arguments: '[1]' },
    ],
  ],
  ['one that the end token cut off', '<tool_call>{"name":"a"}', [{ name: 'a', arguments: '{}' }]],
])('reads %s', (_, text, calls) => {
  expect(read([text])).toMatchObject({ text: '', calls });
  expect(letters(text)).toMatchObject({ text: '', calls });
  expect(letters(text).shown.join('')).toBe(text.slice(0, text.indexOf('<tool_call>')));
});

it.each([
  '<tool_call>{"name": "a"',
  '<tool_call>look()</tool_call>',
  '<tool_call>{"arguments":{}}</tool_call>',
  '<tool_call>[]</tool_call>',
  '<tool_call>null',
])('loses no text that is no call: %s', (text) => {
  const { shown, text: rest, calls } = letters(text);
  expect([shown.join('') + rest, calls]).toEqual([text, []]);
});
