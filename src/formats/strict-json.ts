import { FormatError } from '../core/index.ts';

/** What strict JSON is read into. Objects are maps: no key means anything to JavaScript itself. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = ReadonlyMap<string, Json>;

export interface JsonLimits {
  /** Levels of objects and arrays. */
  readonly depth: number;
  /** Values of all kinds together. */
  readonly values: number;
}

const space = /[ \t\n\r]*/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const literals = new Map<string, null | boolean>([
  ['true', true],
  ['false', false],
  ['null', null],
]);

/**
 * Parses JSON as the grammar says and refuses what `JSON.parse` lets slip: duplicate keys, integers beyond 2^53, nesting and counts over the limits.
 *
 * @param where  what stands first in an error
 * @throws FormatError with the position
 */
export const parseStrictJson = (text: string, where: string, { depth, values }: JsonLimits): Json => {
  let at = 0;
  let count = 0;
  const refuse = (expected: string): never => {
    const got = at < text.length ? JSON.stringify(text.slice(at, at + 20)) : 'the end';
    throw new FormatError(`${where}: expected ${expected} at character ${at}, got ${got}; the file is damaged or not what its name says`);
  };
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) at += found.length;
    return found;
  };
  const next = (): string | undefined => {
    match(space);
    return text[at];
  };
  // By hand and not by a pattern: a string of megabytes would overflow the stack of the regular-expression engine.
  const readString = (): string => {
    const start = at;
    if (text[at] !== '"') refuse('a string');
    let end = at + 1;
    while (end < text.length && text[end] !== '"') end += text[end] === '\\' ? 2 : 1;
    try {
      const value = JSON.parse(text.slice(start, end + 1)) as string;
      at = end + 1;
      return value;
    } catch {
      return refuse('a string that ends and has no control characters');
    }
  };
  const readNumber = (): number => {
    const spelt = match(number) ?? refuse('a value');
    const value = Number(spelt);
    if (!Number.isFinite(value) || (/^-?\d+$/.test(spelt) && !Number.isSafeInteger(value))) {
      at -= spelt.length;
      refuse('a number that a double holds exactly');
    }
    return value;
  };
  const readValue = (left: number): Json => {
    if (++count > values) refuse(`at most ${values} values`);
    const first = next();
    if (first === '"') return readString();
    if (first === '{' || first === '[') {
      if (left === 0) refuse(`at most ${depth} levels`);
      at++;
      return first === '{' ? readObject(left - 1) : readArray(left - 1);
    }
    for (const [word, value] of literals)
      if (text.startsWith(word, at)) {
        at += word.length;
        return value;
      }
    return readNumber();
  };
  const readObject = (left: number): JsonObject => {
    const found = new Map<string, Json>();
    if (next() === '}') {
      at++;
      return found;
    }
    for (;;) {
      next();
      const start = at;
      const key = readString();
      if (found.has(key)) {
        at = start;
        refuse('every key once');
      }
      if (next() !== ':') refuse('":"');
      at++;
      found.set(key, readValue(left));
      const after = next();
      if (after !== ',' && after !== '}') refuse('"," or "}"');
      at++;
      if (after === '}') return found;
    }
  };
  const readArray = (left: number): readonly Json[] => {
    const found: Json[] = [];
    if (next() === ']') {
      at++;
      return found;
    }
    for (;;) {
      found.push(readValue(left));
      const after = next();
      if (after !== ',' && after !== ']') refuse('"," or "]"');
      at++;
      if (after === ']') return found;
    }
  };
  const value = readValue(depth);
  if (next() !== undefined) refuse('nothing more');
  return value;
};
