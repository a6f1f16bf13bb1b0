import { expect, it } from 'vitest';
import { jsonGrammar } from './json-grammar.ts';
import { hasText } from './testing/write-at-random.ts';
import { unicodeProperty } from './unicode-property.ts';

it.each(['L', 'Lu', 'Nd', 'P', 'Z', 'Cn', 'Script=Greek', 'Alphabetic', 'Any'])('%s holds the characters that RegExp says', (name) => {
  const property = new RegExp(`^\\p{${name}}$`, 'u');
  const wanted: number[][] = [];
  for (let point = 0; point <= 0x10ffff; point++) {
    if (point >= 0xd800 && point <= 0xdfff) continue; // halves of pairs are no text
    if (!property.test(String.fromCodePoint(point))) continue;
    const run = wanted.at(-1);
    if (run && run[1] === point - 1) run[1] = point;
    else wanted.push([point, point]);
  }
  expect(unicodeProperty(name)).toEqual(wanted);
});

it.each(['', 'l', 'Klingon', 'L}|\\p{N', 'RGI_Emoji', 'Script=', '=L'])('there is no %j', (name) => {
  expect(unicodeProperty(name)).toBeUndefined();
});

it('and words of them can be counted', () => {
  const grammar = jsonGrammar({ type: 'string', pattern: "^\\p{Lu}[\\p{L}'-]{0,30}$", maxLength: 20 });
  const names = ['Ωmega', 'Éa-b', 'É', 'éa', 'Ab1', `A${'é'.repeat(19)}`, `A${'é'.repeat(20)}`];
  expect(names.map((name) => hasText(grammar, JSON.stringify(name)))).toEqual([true, true, true, false, false, true, false]);
});
