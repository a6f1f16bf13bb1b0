import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../core/index.ts';
import { patternAutomaton } from './pattern-automaton.ts';
import { formatAutomaton, stringFormats } from './string-formats.ts';
import { acceptsText } from './text-automaton.ts';
import { openWork } from './work.ts';

const patterns = [
  'a',
  '^a',
  'a$',
  '^a$',
  '',
  '^',
  '$',
  '^$',
  '$^',
  'a^b',
  'a$b',
  '(^a|b)c',
  '(a|b$)',
  '^(a|)+$',
  '(a*)*b',
  '^(?:ab?c){2,3}$',
  '^a{0}b$',
  '^a{2,}$',
  '^[^ab]*$',
  '[a-c]{3}',
  '^.$',
  '^\\.$',
  '^\\d\\D\\w\\W\\s\\S$',
  '^[\\d-]+$',
  '^[-a]$',
  '^[a-]$',
  '^[]a]?$',
  '^[^]$',
  '^[]$',
  '^(?=a)',
  '(?!a)b',
  '^(?!ab)a',
  '^(?=.*c)(?!.*d)[a-d]{2,4}$',
  'a(?=b)',
  'a(?!b)',
  '^(a(?=b)|b(?!c)|c)d?.*$',
  '^(?:(?!ab).)?b',
  '^(?=a$)',
  '(?=a|b$)c?',
  '^a+?b*?c??$',
  '^\\u0061\\x62\\u{63}$',
  '^[\\u{1F600}-\\u{1F64F}😀]+$',
  '^\\ud83d\\ude00$',
  '^[\\b\\t\\n]$',
  '^\\cJ$',
  '^\\/\\-$',
  '(?<name>a)b',
  '^(?:a|ab)(?:c|bcd)$',
  'é|日',
  '\\ba',
  'b\\b',
  '\\Bb',
  '^\\b.+\\b$',
  '^\\B',
  '\\B$',
  '\\b',
  '^\\B$',
  '^[^]*\\bab\\b[^]*$',
  '^(?:\\w+\\b[ -]?)*$',
  '^(\\b|a)*b?$',
  'a(?=\\b)',
  '\\b(?=a)',
  'a(?!\\b)',
  '^(?=.*\\bb)(?!\\B).',
  '^\\p{L}+$',
  '^\\p{Lu}\\p{Ll}*$',
  '^[\\p{L}\\p{N}_-]*$',
  '^[^\\p{L}]*$',
  '\\P{L}',
  '^[\\P{L}a]+$',
  '^\\p{Script=Han}$',
  '^\\p{sc=Latin}\\p{Nd}?$',
  '^\\p{Emoji_Presentation}+$',
  '\\p{P}|\\p{Z}',
  '^\\p{Any}\\p{ASCII}$',
  '^\\p{Cn}|\\p{Co}',
  '\\b\\p{L}\\b',
];
const text = fc.oneof(
  fc.string({ unit: fc.constantFrom(...Array.from('aabbccd-.10 \n\té日😀A_[]^/\b')), maxLength: 6 }),
  fc.string({ unit: 'binary', maxLength: 3 }),
);

describe('patterns', () => {
  it.each(patterns)('%s matches what RegExp matches', (pattern) => {
    const automaton = patternAutomaton(pattern, { search: true, work: openWork('here') });
    // Without the flag where it refuses an escape that is harmless.
    const expression = new RegExp(pattern, /\\-|\[\]a/.test(pattern) ? '' : 'u');
    fc.assert(
      fc.property(text, (one) => {
        fc.pre(one.isWellFormed());
        expect(acceptsText(automaton, one)).toBe(expression.test(one));
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['(', 1],
    ['a)', 1],
    ['[a', 2],
    ['*a', 0],
    ['a**', 2],
    ['a{2', 1],
    ['a{3,2}', 6],
    ['\\', 1],
    ['\\1', 1],
    ['\\b*', 3],
    ['\\B{2}', 5],
    ['\\p', 2],
    ['\\p{}', 2],
    ['a\\p{Letters}', 3],
    ['[\\p{Script=Klingon}]', 3],
    ['\\p{RGI_Emoji}', 2],
    ['\\pL', 2],
    ['(?<=a)b', 2],
    ['(?<!a)b', 2],
    ['(?P<a>b)', 2],
    ['[b-a]', 4],
    ['[\\d-z]', 5],
    ['\\u12', 2],
    ['\\k<a>', 1],
    ['^*', 2],
    ['(?=a)*', 6],
  ] as const)('%s is refused at character %d', (pattern, at) => {
    expect(() => patternAutomaton(pattern, { search: true, work: openWork('here') })).toThrow(
      new RegExp(`^here: expected .* at character ${at} of the pattern, got .*; write`),
    );
  });

  it.each([
    '^(a|b)*a(a|b){20}$',
    '(a{1,1000}){1,1000}',
    '((((a{0,99}){0,99}){0,99}){0,99}){0,99}',
    '(){999999999}',
    '((((((){99999}){99999}){99999}){99999}){99999})*',
    '(^){999999999}',
    'a{999999999}',
    '('.repeat(3000),
    '[a-z]'.repeat(2000),
    '(a(?=b))*',
    '(?=b)^a',
    '(?!^a)',
    '\\p{L}'.repeat(150),
    '^(\\b.|a)*a(\\b.|\\B.){20}$',
    `^(${Array.from({ length: 300 }, (_, i) => `(a|b){${i}}c`).join('|')})$`,
  ])('%s is refused soon', (pattern) => {
    expect(() => patternAutomaton(pattern, { search: true, work: openWork('here') })).toThrow(ConfigError);
  });
});

describe('formats', () => {
  it('are known', () => {
    expect([...stringFormats].sort().join(' ')).toBe(
      'date date-time duration email hostname idn-email idn-hostname ipv4 ipv6 iri iri-reference json-pointer relative-json-pointer time uri uri-reference uri-template uuid',
    );
    expect(formatAutomaton('constructor')).toBeUndefined();
  });

  it('know the days of every year', () => {
    const automaton = formatAutomaton('date')!;
    fc.assert(
      fc.property(fc.nat(9999), fc.integer({ min: 0, max: 13 }), fc.integer({ min: 0, max: 32 }), (year, month, day) => {
        const date = new Date(0);
        date.setUTCFullYear(year, month - 1, day);
        const exists = date.getUTCMonth() === month - 1 && date.getUTCDate() === day && date.getUTCFullYear() === year;
        const spelt = [String(year).padStart(4, '0'), String(month).padStart(2, '0'), String(day).padStart(2, '0')].join('-');
        expect(acceptsText(automaton, spelt)).toBe(exists);
      }),
      { numRuns: 2000 },
    );
    for (const year of [1900, 2000, 2023, 2024, 2100]) expect(acceptsText(automaton, `${year}-02-29`)).toBe(new Date(`${year}-02-29`).getUTCDate() === 29);
  });
});
