import { UnsupportedError } from '../../core/index.ts';
import { bounded } from '../bounded.ts';

const white = '\\p{White_Space}';
const wordInBrackets = '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}';
const word = `${wordInBrackets}²³¹¼½¾`; // outside brackets the reference has another table for Latin-1

// What an escape means to the engine of the reference, outside brackets and inside.
const escapes: Readonly<Record<string, readonly [string, string?]>> = {
  s: [white, white],
  S: ['\\P{White_Space}', '\\P{White_Space}'],
  d: ['\\p{Nd}', '\\p{Nd}'],
  D: ['\\P{Nd}', '\\P{Nd}'],
  w: [`[${word}]`, wordInBrackets],
  W: [`[^${word}]`],
  h: ['[0-9a-fA-F]', '0-9a-fA-F'],
  b: [`(?:(?<=[${word}])(?![${word}])|(?<![${word}])(?=[${word}]))`],
  B: [`(?:(?<=[${word}])(?=[${word}])|(?<![${word}])(?![${word}]))`],
  A: ['(?<![^])'],
  z: ['(?![^])'],
  Z: ['(?=\\n?(?![^]))'],
  a: ['\\x07', '\\x07'],
  e: ['\\x1b', '\\x1b'],
  ...Object.fromEntries(['n', 'r', 't', 'f', 'v'].map((letter) => [letter, [`\\${letter}`, `\\${letter}`]])),
};
const compileMs = 1000;
const bare: Readonly<Record<string, string>> = { '.': '[^\\n]', '^': '(?<![^\\n])', $: '(?![^\\n])' };
const groupOpening = /\((?:\?(?::|=|!|<=|<!|[ims]+(?:-[ims]+)?:))?/y;
const quantifier = /(?:[*+?]|\{\d+(?:,\d*)?\}|\{,\d+\})/y;

/**
 * A regular expression in the dialect of the reference implementation (Oniguruma's, Unicode) as one of JavaScript's, flags `gu`: white space, word characters and line ends mean what they mean there;
 * possessive quantifiers become a lookahead and a reference to what it saw, which nothing can make shorter.
 *
 * @throws UnsupportedError for what JavaScript cannot say or this does not know: atomic and named groups, numbered references, brackets within brackets
 */
export const compilePattern = (pattern: string, where: string): RegExp => {
  const refuse = (why: string): never => {
    throw new UnsupportedError(
      `${where}: expected a regular expression that JavaScript can follow, got ${JSON.stringify(pattern.slice(0, 200))} (${why}); use a model with a plainer tokenizer`,
    );
  };
  let made = '';
  let at = 0;
  let atom = -1; // where in `made` the last thing that can be repeated begins
  let possessive = 0;
  const open: number[] = [];

  const match = (sticky: RegExp): string | undefined => {
    sticky.lastIndex = at;
    const found = sticky.exec(pattern)?.[0];
    if (found) at += found.length;
    return found || undefined;
  };
  const readEscape = (inside: boolean): string => {
    const [, letter, braced] = /^\\(?:(p|P|x|u)(\{[^}]*\}|[0-9a-fA-F]{2,4})|.)/su.exec(pattern.slice(at, at + 80)) ?? refuse('an escape that does not end');
    const character = String.fromCodePoint(pattern.codePointAt(at + 1)!);
    if (letter && braced) {
      if (letter === 'p' || letter === 'P') {
        if (!braced.startsWith('{')) return refuse('a property without braces');
        at += 2 + braced.length;
        return property(letter, braced.slice(1, -1), refuse);
      }
      const digits = braced.startsWith('{') ? braced.slice(1, -1) : braced.slice(0, letter === 'x' ? 2 : 4);
      at += 2 + (braced.startsWith('{') ? braced.length : digits.length);
      return `\\u{${digits}}`;
    }
    at += 1 + character.length;
    if (/[0-9A-Za-z]/.test(character)) return (Object.hasOwn(escapes, character) ? escapes[character]![inside ? 1 : 0] : undefined) ?? refuse(`\\${character}`);
    return literal(character);
  };
  const readBrackets = (): string => {
    let set = '[';
    at++;
    if (pattern[at] === '^') {
      set += '^';
      at++;
    }
    for (let first = true; pattern[at] !== ']' || first; first = false) {
      if (at >= pattern.length) refuse('brackets that do not end');
      if (pattern[at] === '[' || pattern.startsWith('&&', at)) refuse('brackets within brackets');
      if (pattern[at] === '\\') set += readEscape(true);
      else if (pattern[at] === '-') set += pattern[at++] && '-';
      else set += literal(next());
    }
    at++;
    return `${set}]`;
  };
  const next = (): string => {
    const character = String.fromCodePoint(pattern.codePointAt(at)!);
    at += character.length;
    return character;
  };

  while (at < pattern.length) {
    const repeat = atom >= 0 ? match(quantifier) : undefined;
    if (repeat) {
      const body = made.slice(atom) + (repeat.startsWith('{,') ? repeat.replace('{', '{0') : repeat);
      if (pattern[at] === '+' && !repeat.startsWith('{')) {
        at++;
        made = `${made.slice(0, atom)}(?=(?<p${++possessive}>${body}))\\k<p${possessive}>`;
      } else {
        made = made.slice(0, atom) + body;
        if (pattern[at] === '?') made += pattern[at++];
      }
      atom = -1;
      continue;
    }
    const start = made.length;
    const character = pattern[at]!;
    if (character === '(') {
      const opening = match(groupOpening)!;
      if (pattern[at] === '?') refuse('a group of another kind');
      open.push(start);
      made += opening;
      atom = -1;
      continue;
    }
    if (character === ')') {
      atom = open.pop() ?? refuse('a group that was not opened');
      made += pattern[at++];
      continue;
    }
    if (character === '|') {
      made += pattern[at++];
      atom = -1;
      continue;
    }
    if (character === '\\') made += readEscape(false);
    else if (character === '[') made += readBrackets();
    else if (Object.hasOwn(bare, character)) made += bare[next()]!;
    else if (/[*+?]/.test(character)) refuse('nothing to repeat');
    else made += literal(next());
    atom = start;
  }
  try {
    const compiled = new RegExp(made, 'gu');
    bounded(() => compiled.test(''), compileMs, where); // V8 compiles at first use; what is too large for it shows here
    compiled.lastIndex = 0;
    return compiled;
  } catch (error) {
    return refuse((error as Error).message.slice(0, 100));
  }
};

const literal = (character: string): string => (/[\\^$.*+?()[\]{}|/-]/.test(character) ? `\\${character === '-' ? 'x2d' : character}` : character);

// Oniguruma takes names of scripts without saying that they are scripts.
const property = (letter: string, name: string, refuse: (why: string) => never): string => {
  const negated = name.startsWith('^');
  const plain = negated ? name.slice(1) : name;
  const sign = negated ? (letter === 'p' ? 'P' : 'p') : letter;
  for (const spelt of [plain, `Script=${plain}`])
    try {
      new RegExp(`\\p{${spelt}}`, 'u');
      return `\\${sign}{${spelt}}`;
    } catch {
      // no property of that name: another spelling, or none
    }
  return refuse(`\\p{${plain.slice(0, 40)}}`);
};
