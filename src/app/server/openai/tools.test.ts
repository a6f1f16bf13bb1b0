import { describe, expect, it } from 'vitest';
import { toolCallReader, toolsOf } from './tools.ts';

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
  [
    'marks within the arguments',
    '<tool_call>{"name":"a","arguments":{"x":"</tool_call> \\"<tool_call>"}}</tool_call>\n<tool_call>{"name":"b"}</tool_call>',
    [
      { name: 'a', arguments: '{"x":"</tool_call> \\"<tool_call>"}' },
      { name: 'b', arguments: '{}' },
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

describe('what a request says of tools', () => {
  const tool = (name: string, more: object = {}) => ({
    type: 'function',
    function: { name, parameters: { type: 'object', properties: { [name]: true } }, ...more },
  });
  const [a, b, c] = [tool('a'), tool('b'), tool('c')];
  const allowed = (mode: string, ...names: readonly string[]) => ({
    type: 'allowed_tools',
    allowed_tools: { mode, tools: names.map((name) => ({ type: 'function', function: { name } })) },
  });
  const own = (name: string) => ({ name, parameters: { type: 'object', properties: { [name]: true } } });
  const any = (name: string) => ({ name, parameters: { type: 'object' } });
  it.each<[string, object, boolean, object]>([
    ['nothing', {}, false, { told: undefined }],
    ['none', { tools: [a], tool_choice: 'none' }, false, { told: undefined }],
    ['an empty list', { tools: [], tool_choice: 'auto' }, false, { told: undefined }],
    ['tools', { tools: [a, b] }, false, { told: [a, b] }],
    [
      'a call of any',
      { tools: [a, b], tool_choice: 'required' },
      false,
      { told: [a, b], calls: { functions: [own('a'), own('b')], required: true, parallel: true } },
    ],
    [
      'one call of any',
      { tools: [a, b], tool_choice: 'required', parallel_tool_calls: false },
      true,
      { told: [a, b], calls: { functions: [own('a'), own('b')], required: true, parallel: false } },
    ],
    [
      'a call of one',
      { tools: [a, b], tool_choice: { type: 'function', function: { name: 'b' } } },
      false,
      { told: [a, b], calls: { functions: [own('b')], required: true, parallel: false } },
    ],
    [
      'at most one call',
      { tools: [a, b], parallel_tool_calls: false },
      false,
      { told: [a, b], calls: { functions: [own('a'), own('b')], required: false, parallel: false } },
    ],
    [
      'a strict tool beside another',
      { tools: [tool('a', { strict: true }), b] },
      false,
      { told: [tool('a', { strict: true }), b], calls: { functions: [own('a'), any('b')], required: false, parallel: true } },
    ],
    ['an answer of a form', { tools: [a] }, true, { told: [a], calls: { functions: [any('a')], required: false, parallel: true } }],
    [
      'only some of them',
      { tools: [a, b, c], tool_choice: allowed('auto', 'c', 'a') },
      false,
      { told: [a, b, c], calls: { functions: [any('a'), any('c')], required: false, parallel: true } },
    ],
    [
      'at most one call of some',
      { tools: [a, b, c], tool_choice: allowed('auto', 'c', 'a'), parallel_tool_calls: false },
      false,
      { told: [a, b, c], calls: { functions: [own('a'), own('c')], required: false, parallel: false } },
    ],
    [
      'a call of some',
      { tools: [a, b, c], tool_choice: allowed('required', 'b', 'c') },
      false,
      { told: [a, b, c], calls: { functions: [own('b'), own('c')], required: true, parallel: true } },
    ],
    [
      'a tool without parameters',
      { tools: [{ type: 'function', function: { name: 'a', parameters: null } }], tool_choice: 'required' },
      false,
      { told: [{ type: 'function', function: { name: 'a', parameters: null } }], calls: { functions: [{ name: 'a' }], required: true, parallel: true } },
    ],
  ])('%s', (_, body, formatted, wanted) => {
    expect(toolsOf(body as Record<string, unknown>, formatted)).toEqual(wanted);
  });

  it.each<[object, string]>([
    [{ tools: 1 }, 'tools'],
    [{ tools: Array(129).fill(a) }, 'tools'],
    [{ tools: [null] }, 'tools[0].type'],
    [{ tools: [{ type: 'custom', custom: {} }] }, 'tools[0].type'],
    [{ tools: [a, { type: 'function', function: { name: 'a b' } }] }, 'tools[1].function.name'],
    [{ tool_choice: 'required' }, 'tool_choice'],
    [{ tools: [a], tool_choice: 'any' }, 'tool_choice'],
    [{ tools: [a], tool_choice: { type: 'function', function: { name: 'c' } } }, 'tool_choice.function.name'],
    [{ tools: [a], tool_choice: null }, 'tool_choice'],
    [{ tools: [a], tool_choice: { type: 'allowed_tools' } }, 'tool_choice.allowed_tools.mode'],
    [{ tools: [a], tool_choice: allowed('none', 'a') }, 'tool_choice.allowed_tools.mode'],
    [{ tools: [a], tool_choice: allowed('auto') }, 'tool_choice.allowed_tools.tools'],
    [
      { tools: [a], tool_choice: { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [{ type: 'mcp' }] } } },
      'tool_choice.allowed_tools.tools[0].type',
    ],
    [{ tools: [a], tool_choice: allowed('required', 'a', 'c') }, 'tool_choice.allowed_tools.tools[1].function.name'],
    [{ tool_choice: allowed('auto', 'a') }, 'tool_choice.allowed_tools.tools[0].function.name'],
    [{ tools: [a], parallel_tool_calls: 'no' }, 'parallel_tool_calls'],
  ])('refuses %j', (body, param) => {
    expect(() => toolsOf(body as Record<string, unknown>, false)).toThrow(expect.objectContaining({ details: expect.objectContaining({ param }) }));
  });
});
