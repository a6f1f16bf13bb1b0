import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../core/index.ts';
import { jsonGrammar } from './json-grammar.ts';
import { fullVocabulary, sparseVocabulary } from './testing/mock-vocabulary.ts';
import { validateJson } from './testing/validate-json.ts';
import { hasText, writeAtRandom } from './testing/write-at-random.ts';
import { toolCallGrammar } from './tool-call-grammar.ts';

const place = {
  type: 'object',
  properties: { city: { type: 'string' }, days: { $ref: '#/$defs/days' } },
  required: ['city'],
  $defs: { days: { type: 'integer', minimum: 1 } },
};
const functions = [
  { name: 'weather', parameters: place },
  { name: 'time', parameters: { type: 'object', properties: { zone: { enum: ['UTC', 'CET'] } }, required: ['zone'] } },
  { name: 'stop' },
];
const weather = '<tool_call>\n{"name": "weather", "arguments": {"city": "Oslo", "days":2}}\n</tool_call>';
const stop = '<tool_call>\n{"name": "stop", "arguments": {}}\n</tool_call>';

const forced = toolCallGrammar({ functions, required: true, parallel: true });
const one = toolCallGrammar({ functions, required: true, parallel: false });
const free = toolCallGrammar({ functions, required: false, parallel: true });

it('has calls whose arguments fit, one or several', () => {
  for (const grammar of [forced, one, free]) expect([weather, stop].map((text) => hasText(grammar, text))).toEqual([true, true]);
  for (const grammar of [forced, free]) expect(hasText(grammar, `${weather}\n${stop}\n${weather}`)).toBe(true);
  expect(hasText(one, `${weather}\n${stop}`)).toBe(false);
});

it.each([
  '',
  'Let me see.',
  '<tool_call>\n{"name": "none", "arguments": {}}\n</tool_call>',
  '<tool_call>\n{"name": "weather", "arguments": {}}\n</tool_call>',
  '<tool_call>\n{"name": "weather", "arguments": {"city": "Oslo", "days": 0}}\n</tool_call>',
  '<tool_call>\n{"name": "stop", "arguments": {"city": "Oslo"}}\n</tool_call>',
  '<tool_call>\n{"name": "stop", "arguments": {}}',
])('has no other answer where a call is required: %j', (text) => {
  expect(hasText(forced, text)).toBe(false);
});

it('has text before calls where none is required, and no half of a call in it', () => {
  for (const text of ['', 'A tool_call, <tool and <tool_cal', 'é日😀\n\u0000', `Let me see.\n${weather}`]) expect(hasText(free, text), text).toBe(true);
  for (const text of ['<tool_call>', 'a <tool_call> b', `${weather} and`, '<tool_call>look()</tool_call>']) expect(hasText(free, text), text).toBe(false);
});

it('has a document or calls where both are asked for', () => {
  const either = toolCallGrammar(
    { functions, required: false, parallel: true },
    jsonGrammar({ type: 'object', properties: { a: { const: 1 } }, required: ['a'] }),
  );
  expect(['{"a": 1}', weather, `${weather}\n${stop}`, '{"a": 2}', 'text', `{"a": 1}\n${weather}`].map((text) => hasText(either, text))).toEqual([
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
});

describe('whatever is drawn', () => {
  const blocks = /<tool_call>\n(\{"name": "(\w+)", "arguments": (.*?)\})\n<\/tool_call>(?=\n<tool_call>\n\{"name"|$)/gs;
  it.each([
    ['one', one],
    ['several', forced],
  ])('%s: every call parses and fits', (_, grammar) => {
    for (let seed = 1; seed <= 40; seed++) {
      const { text, ended } = writeAtRandom(grammar, seed % 3 ? fullVocabulary : sparseVocabulary, seed, 150);
      expect(ended, text).toBe(true);
      const calls = [...text.matchAll(blocks)].map(([, call]) => JSON.parse(call!) as { name: string; arguments: object });
      expect(calls.length).toBeGreaterThan(0);
      for (const { name, arguments: given } of calls)
        expect(validateJson(functions.find((own) => own.name === name)?.parameters ?? { additionalProperties: false }, given), text).toBeUndefined();
    }
  });
});

it('refuses by the name of the function', () => {
  expect(() => toolCallGrammar({ functions: [], required: true, parallel: true })).toThrow(ConfigError);
  expect(() => toolCallGrammar({ functions: [{ name: 'f', parameters: { type: 'string' } }], required: true, parallel: true })).toThrow(
    /calls f: expected parameters of type object, got "string"/,
  );
  expect(() => toolCallGrammar({ functions: [{ name: 'f', parameters: 1 }], required: true, parallel: true })).toThrow(/calls f: expected parameters/);
  expect(() => toolCallGrammar({ functions: [{ name: 'f', parameters: { properties: { a: { not: {} } } } }], required: true, parallel: true })).toThrow(
    /calls f: schema #\/properties\/a: expected keywords/,
  );
});
