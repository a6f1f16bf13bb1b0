import { describe, expect, it } from 'vitest';
import { UnsupportedError } from '../../core/index.ts';
import { compilePattern } from './tokenizer-pattern.ts';

const all = (pattern: string, text: string): string[] => Array.from(text.matchAll(compilePattern(pattern, 'here')), ([match]) => match);

// That whole pipelines split like the reference is tested with their ids.
describe('a regular expression means here what it means to the reference', () => {
  it.each<[string, string, string[]]>([
    ['\\s+', 'a\u0085\u00a0b\ufeffc\u200b', ['\u0085\u00a0']],
    ['[^\\s]+', 'a\u0085b\ufeff', ['a', 'b\ufeff']],
    ['\\d+', '1٣²', ['1٣']],
    ['\\w', 'a_-é²ⓐ\u0301', ['a', '_', 'é', '²', 'ⓐ', '\u0301']],
    ['[\\w-]', 'a_-é²', ['a', '_', '-', 'é']],
    ['^.|.$', 'ab\ncd\r', ['a', 'b', 'c', '\r']],
    ['\\A.|.\\z', 'ab\ncd', ['a', 'd']],
    ['\\bé', 'é éé', ['é', 'é']],
    ["(?i:'s|'t)", "'s 'S 'ſ 'T", ["'s", "'S", "'ſ", "'T"]],
    ['\\p{Han}+|\\p{^L}', 'a中文1', ['中文', '1']],
    ['\\x{1F642}|\\u0041|\\x42', '🙂AB', ['🙂', 'A', 'B']],
    ['[\\-\\]\'"/]|\\/', "-]/'", ['-', ']', '/', "'"]],
    ['a++a|a', 'aab', ['a', 'a']],
    ['(?:ab)?+c', 'abcc', ['abc', 'c']],
    ['[ab]*+b|b', 'ab', ['b']],
    ['a{,2}b', 'aaab', ['aab']],
    ['a{x', 'a{x', ['a{x']],
    ['\\s+?(?=a)', '  a', ['  ']],
    ['[]a]+', ']a', [']a']],
  ])('%s', (pattern, text, matches) => {
    expect(all(pattern, text)).toEqual(matches);
  });

  it.each(['(?>a)', '(?<n>a)', '(a)\\1', '[a[b]]', '[a&&b]', '[a', '(', ')', '*a', '\\', '\\R', '\\p{Nonsense}', '[\\W]', '(?#a)'])(
    'is refused where JavaScript cannot say it: %s',
    (pattern) => {
      expect(() => compilePattern(pattern, 'here')).toThrow(UnsupportedError);
      expect(() => compilePattern(pattern, 'here')).toThrow(/here: expected/);
    },
  );
});
