import { ConfigError } from '../../core/index.ts';
import { allBut, type CodePoints, codePoints, codePointsIn } from './code-points.ts';
import { propertySteps, unicodeProperty } from './unicode-property.ts';
import type { Work } from './work.ts';

/** A regular expression as a tree. */
export type Pattern =
  | { readonly kind: 'set'; readonly set: CodePoints }
  | { readonly kind: 'sequence'; readonly parts: readonly Pattern[] }
  | { readonly kind: 'choice'; readonly parts: readonly Pattern[] }
  | { readonly kind: 'repeat'; readonly part: Pattern; readonly least: number; readonly most: number }
  | { readonly kind: 'begin' }
  | { readonly kind: 'end' }
  /** Between a letter, digit or _ of ASCII and something else, or not there. */
  | { readonly kind: 'edge'; readonly wanted: boolean }
  /** What follows from here begins with the part, or does not. */
  | { readonly kind: 'ahead'; readonly part: Pattern; readonly wanted: boolean };

const takesNothing: ReadonlySet<string> = new Set<Pattern['kind']>(['begin', 'end', 'edge', 'ahead']);
const mostCharacters = 4096;
const mostGroups = 64;
const digits = codePoints([0x30, 0x39]);
/** What \w stands for. */
export const words: CodePoints = codePoints(...digits, [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]);
const spaces = codePoints(
  [9, 13],
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
);
const anyButLineEnds = allBut(codePointsIn('\n\r\u2028\u2029'));
const classes: Readonly<Record<string, CodePoints>> = { d: digits, D: allBut(digits), w: words, W: allBut(words), s: spaces, S: allBut(spaces) };
const controls: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13 };

/**
 * Parses a regular expression as ECMAScript writes it with the flag u: characters, `.`, classes, \d \w \s \p{…} and their opposites, groups, alternatives, `* + ? {n,m}`, `^`, `$`, \b, \B, `(?=…)`, `(?!…)`. A
 * punctuation mark may be escaped anywhere.
 *
 * @throws ConfigError for what is no such expression, for look-behind and back references, and for more than 4096 characters or 64 groups in one another
 */
export const parsePattern = (source: string, { where, spend }: Work): Pattern => {
  const text = Array.from(source);
  let at = 0;
  const refuse = (expected: string): never => {
    const got = at < text.length ? JSON.stringify(text.slice(at, at + 12).join('')) : 'the end';
    throw new ConfigError(`${where}: expected ${expected} at character ${at} of the pattern, got ${got}; write the pattern without it`);
  };
  if (text.length > mostCharacters)
    throw new ConfigError(`${where}: expected a pattern of at most ${mostCharacters} characters, got ${text.length}; write a shorter one`);
  const take = (wanted: string): boolean => {
    const taken = text[at] === wanted;
    if (taken) at++;
    return taken;
  };
  const takeAny = (expected: string): string => (at < text.length ? text[at++]! : refuse(expected));
  const need = (wanted: string): void => {
    if (!take(wanted)) refuse(`"${wanted}"`);
  };
  const match = (wanted: RegExp, most: number): string | undefined => {
    const found = wanted.exec(text.slice(at, at + most).join(''))?.[0];
    if (found !== undefined) at += found.length;
    return found;
  };
  const hex = (length: number): number => Number.parseInt(match(new RegExp(`^[0-9a-fA-F]{${length}}`), length) ?? refuse(`${length} hexadecimal digits`), 16);

  const escapedPoint = (letter: string): number => {
    if (letter in controls) return controls[letter]!;
    if (letter === '0' && !/\d/.test(text[at] ?? '')) return 0;
    if (letter === 'c') return (match(/^[a-zA-Z]/, 1) ?? refuse('a letter')).charCodeAt(0) % 32;
    if (letter === 'x') return hex(2);
    if (letter === 'u') {
      if (take('{')) {
        const point = Number.parseInt(match(/^[0-9a-fA-F]{1,6}/, 6) ?? refuse('hexadecimal digits'), 16);
        need('}');
        return point;
      }
      const high = hex(4);
      const low = high >> 10 === 0x36 ? match(/^\\u[dD][c-fC-F][0-9a-fA-F]{2}/, 6) : undefined;
      return low === undefined ? high : String.fromCharCode(high, Number.parseInt(low.slice(2), 16)).codePointAt(0)!;
    }
    if (/^[\p{L}\p{N}]$/u.test(letter)) {
      at--;
      refuse('an escape that a grammar can honour');
    }
    return letter.codePointAt(0)!;
  };
  const readProperty = (): CodePoints => {
    const from = at;
    const name = match(/^\{[\w=]{1,80}\}/, 82)?.slice(1, -1);
    spend(propertySteps);
    const found = name === undefined ? undefined : unicodeProperty(name);
    if (found) return found;
    at = from;
    return refuse('a Unicode property of characters in braces, as {L}, {Nd} or {Script=Greek},');
  };
  /** After a backslash. */
  const readEscape = (): CodePoints | number => {
    const letter = takeAny('what the backslash escapes');
    if (letter === 'p') return readProperty();
    if (letter === 'P') return allBut(readProperty());
    return Object.hasOwn(classes, letter) ? classes[letter]! : escapedPoint(letter);
  };
  const readMember = (): CodePoints | number => {
    const letter = takeAny('"]"');
    if (letter !== '\\') return letter.codePointAt(0)!;
    return take('b') ? 8 : readEscape();
  };
  const asSet = (member: CodePoints | number): CodePoints => (typeof member === 'number' ? codePoints([member, member]) : member);
  const readClass = (): CodePoints => {
    const opposite = take('^');
    const runs: (readonly [number, number])[] = [];
    while (!take(']')) {
      const first = readMember();
      if (text[at] !== '-' || text[at + 1] === ']' || text[at + 1] === undefined) {
        runs.push(...asSet(first));
        continue;
      }
      at++;
      const last = readMember();
      if (typeof first !== 'number' || typeof last !== 'number' || last < first) return refuse('the end of a range, not below its beginning,');
      runs.push([first, last]);
    }
    const set = codePoints(...runs);
    return opposite ? allBut(set) : set;
  };
  const readAtom = (depth: number): Pattern => {
    const letter = text[at++]!;
    if (letter === '^') return { kind: 'begin' };
    if (letter === '$') return { kind: 'end' };
    if (letter === '.') return { kind: 'set', set: anyButLineEnds };
    if (letter === '[') return { kind: 'set', set: readClass() };
    if (letter === '\\') return take('b') || take('B') ? { kind: 'edge', wanted: text[at - 1] === 'b' } : { kind: 'set', set: asSet(readEscape()) };
    if (letter === '(') {
      if (depth === mostGroups) refuse(`at most ${mostGroups} groups in one another`);
      const kind = take('?') ? (match(/^([:=!]|<[\p{L}_$][\p{L}\p{N}_$]*>)/u, 80) ?? refuse('one of (?: (?= (?! and named groups')) : ':';
      const part = readChoice(depth + 1);
      need(')');
      return kind === '=' || kind === '!' ? { kind: 'ahead', part, wanted: kind === '=' } : part;
    }
    if ('*+?{'.includes(letter)) {
      at--;
      refuse('something to repeat');
    }
    return { kind: 'set', set: codePointsIn(letter) };
  };
  const readCounts = (): readonly [number, number] | undefined => {
    if (take('*')) return [0, Number.POSITIVE_INFINITY];
    if (take('+')) return [1, Number.POSITIVE_INFINITY];
    if (take('?')) return [0, 1];
    if (text[at] !== '{') return undefined;
    const found = match(/^\{\d{1,9}(,\d{0,9})?\}/, 24) ?? refuse('counts in braces');
    const [least, most = least] = found.slice(1, -1).split(',');
    const counts = [Number(least), most === '' ? Number.POSITIVE_INFINITY : Number(most)] as const;
    return counts[1] < counts[0] ? refuse('counts in ascending order before') : counts;
  };
  const readSequence = (depth: number): Pattern => {
    const parts: Pattern[] = [];
    while (at < text.length && text[at] !== '|' && text[at] !== ')') {
      let part = readAtom(depth);
      const counts = readCounts();
      if (counts) {
        if (takesNothing.has(part.kind)) refuse('no count before, for what takes no character,');
        take('?'); // as few as possible: the same texts
        part = { kind: 'repeat', part, least: counts[0], most: counts[1] };
      }
      parts.push(part);
    }
    return { kind: 'sequence', parts };
  };
  const readChoice = (depth: number): Pattern => {
    const parts = [readSequence(depth)];
    while (take('|')) parts.push(readSequence(depth));
    return parts.length === 1 ? parts[0]! : { kind: 'choice', parts };
  };
  const whole = readChoice(0);
  return at < text.length ? refuse('the end') : whole;
};
