import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FormatError } from '../core/index.ts';
import { type Json, parseStrictJson } from './index.ts';

const limits = { depth: 8, values: 1000 };
const parse = (text: string) => parseStrictJson(text, 'here', limits);
const plain = (value: Json): unknown =>
  value instanceof Map
    ? Object.fromEntries([...(value as ReadonlyMap<string, Json>)].map(([k, v]) => [k, plain(v)]))
    : Array.isArray(value)
      ? value.map(plain)
      : value;

describe('parseStrictJson', () => {
  it('reads what JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.constantFrom(undefined, 1, '\t'), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        fc.pre(!/\d{16}|e\+/.test(text) && !text.includes('__proto__'));
        expect(plain(parse(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  it('throws nothing but FormatError, whatever the text', () => {
    const token = fc.constantFrom('{', '}', '[', ']', ',', ':', '"a"', '"', '\\', '1', '-', 'e5', '.', 'true', 'nul', ' ', '\u0000', '\\u12');
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(token, { maxLength: 20 }).map((tokens) => tokens.join('')),
        ),
        (text) => {
          let theirs: unknown;
          try {
            theirs = JSON.parse(text);
          } catch {
            expect(() => parse(text)).toThrow(FormatError);
            return;
          }
          try {
            expect(plain(parse(text))).toEqual(theirs);
          } catch (error) {
            expect(error).toBeInstanceOf(FormatError); // what JSON allows and we do not
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['{"a":1,"a":2}', /every key once at character 7/],
    ['{"a":1,"\\u0061":2}', /every key once/],
    ['9007199254740993', /a double holds exactly/],
    ['1e999', /a double holds exactly/],
    ['[[[[[[[[[1]]]]]]]]]', /at most 8 levels/],
    [`[${'1,'.repeat(1000)}1]`, /at most 1000 values/],
    ['{"a":1} x', /nothing more/],
    ['', /got the end/],
  ])('refuses %s', (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });

  it('gives keys no meaning', () => {
    const value = parse('{"__proto__":{"polluted":1},"constructor":2}') as ReadonlyMap<string, Json>;
    expect([...value.keys()]).toEqual(['__proto__', 'constructor']);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  it('reads a string of ten megabytes', () => {
    expect((parse(`"${'\\n'.repeat(5_000_000)}"`) as string).length).toBe(5_000_000);
  });
});
