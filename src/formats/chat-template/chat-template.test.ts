import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { FormatError, UnsupportedError } from '../../core/index.ts';
import { type ChatInput, renderChat } from '../index.ts';

process.env['TZ'] = 'UTC'; // what the child inherits
const { now, templates, inputs, cases } = JSON.parse(await readFile(new URL('../fixtures/chat-templates.json', import.meta.url), 'utf8')) as {
  now: string;
  templates: Record<string, string>;
  inputs: Record<string, ChatInput>;
  cases: { template: string; input: string; text?: string; raised?: string }[];
};

describe('a chat template renders as the reference renders it', () => {
  it.each(cases)('$template: $input', async ({ template, input, text, raised }) => {
    const rendered = renderChat(templates[template]!, { ...inputs[input]!, now: new Date(now) });
    if (text !== undefined) expect(await rendered).toBe(text);
    else await expect(rendered).rejects.toThrow(`chat template: expected messages that the template takes, it says: ${raised}`);
  });

  it('many at once, in their order', async () => {
    const texts = await Promise.all(
      Array.from({ length: 50 }, (_, i) => renderChat('{{ messages[0].content }}', { messages: [{ role: 'user', content: `${i}` }] })),
    );
    expect(texts).toEqual(Array.from({ length: 50 }, (_, i) => `${i}`));
  });
});

describe('a hostile chat template', () => {
  const grow = (more: string) =>
    `{% set ns = namespace(x="abcdefghijklmnop", l=[1, 2]) %}{% for i in range(24) %}{% set ns.x = ns.x + ns.x %}{% endfor %}${more}`;
  it.each<[string, string, RegExp]>([
    ['a loop of 10^9', '{% for i in range(10**9) %}x{% endfor %}', /range\(\) of more than 100000 numbers/],
    ['a range without end', '{% for i in range(0, 9, 0) %}x{% endfor %}', /range\(\) of more than 100000 numbers/],
    ['loops within loops', '{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}', /within 300 ms/],
    ['a text that is too long', grow('{{ ns.x }}'), /at most 16777216 characters/],
    ['a text split into everything', grow('{{ ns.x.split("a") | length }}'), /at most 128 MB|within 300 ms/],
    ['texts kept', grow('{% for i in range(50) %}{% set ns.l = ns.l + [(ns.x ~ i) | upper] %}{% endfor %}'), /at most 128 MB|within 300 ms/],
    ['a list that doubles', grow('{% for i in range(60) %}{% set ns.l = ns.l + ns.l %}{% endfor %}'), /at most 128 MB|within 300 ms/],
    ['brackets without end', `{{ ${'('.repeat(50_000)}1${')'.repeat(50_000)} }}`, /expected a Jinja template/],
    ['a way out', '{{ messages.constructor.constructor("return process")() }}', /can be followed here/],
  ])('ends with an error, and the next one works: %s', async (_, template, message) => {
    const timeoutMs = message.source.includes('300 ms') ? 300 : 20_000; // what is not about time has enough of it
    await expect(renderChat(template, { messages: [], timeoutMs })).rejects.toThrow(message);
    expect(await renderChat('{{ messages | length }}', { messages: [] })).toBe('0');
  });

  it.each<[string, string, object, RegExp, new (message: string) => Error]>([
    ['no template', '{% for %}', { messages: [] }, /expected a Jinja template/, FormatError],
    ['a filter that is not known', '{{ 1 | nonsense }}', { messages: [] }, /can be followed here/, UnsupportedError],
    ['messages without roles', '', { messages: [{ content: 'x' }] }, /messages with a role each, got at 0.role/, FormatError],
    ['messages that JSON cannot say', '', { messages: [{ role: 'user', content: 1n }] }, /that JSON can say/, FormatError],
    ['a variable of a name that is taken', '', { messages: [], variables: { namespace: 1 } }, /can be followed here/, UnsupportedError],
    ['a template too long', 'x'.repeat(2 ** 20 + 1), { messages: [] }, /at most 1048576 characters/, UnsupportedError],
  ])('is refused: %s', async (_, template, input, message, kind) => {
    const rendered = renderChat(template, input as ChatInput);
    await expect(rendered).rejects.toThrow(message);
    await expect(rendered).rejects.toThrow(kind);
  });
});

it('a program that rendered ends by itself', async () => {
  const module = fileURLToPath(new URL('chat-template.ts', import.meta.url));
  const program = `import { renderChat } from ${JSON.stringify(module)}; console.log(await renderChat('{{ 1 + 1 }}', { messages: [] }));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], { timeout: 20_000 });
  expect(stdout.trim()).toBe('2');
});
