/** A text on its way to tokens. Of each of its UTF-16 units `ends` says where the character it came from ends in the original text; absent where nobody asked. */
export interface Traced {
  readonly text: string;
  readonly ends: Int32Array | undefined;
}

/** The text itself, which begins at `start` of the original. */
export const trace = (text: string, start: number): Traced => {
  const ends = new Int32Array(text.length);
  for (let at = 0; at < text.length; ) {
    const units = text.codePointAt(at)! > 0xffff ? 2 : 1;
    for (let i = 0; i < units; i++) ends[at + i] = start + at + units;
    at += units;
  }
  return { text, ends };
};

/** For each byte of the text in UTF-8 where its character ends in the original. */
export const byteEnds = (text: string, ends: Int32Array): number[] => {
  const found: number[] = [];
  for (let at = 0; at < text.length; ) {
    const point = text.codePointAt(at)!;
    at += point > 0xffff ? 2 : 1;
    for (let bytes = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4; bytes > 0; bytes--) found.push(ends[at - 1]!);
  }
  return found;
};

export const sliceTraced = ({ text, ends }: Traced, from: number, to: number): Traced => ({ text: text.slice(from, to), ends: ends?.subarray(from, to) });

/** Puts text in front that stands for no character of the original; its units end where the original began. */
export const prepend = ({ text, ends }: Traced, added: string, start: number): Traced => ({
  text: added + text,
  ends: ends && Int32Array.from({ length: added.length + ends.length }, (_, i) => (i < added.length ? start : ends[i - added.length]!)),
});

/** Makes each part something else. All units of what a part becomes end where the part does, save where it stays what it was. */
const rewrite = ({ text, ends }: Traced, parts: Iterable<string>, become: (part: string) => string): Traced => {
  let made = '';
  const madeEnds: number[] = [];
  let at = 0;
  for (const part of parts) {
    const becomes = become(part);
    made += becomes;
    if (ends) for (let i = 0; i < becomes.length; i++) madeEnds.push(ends[Math.max(0, at + (becomes === part ? i : part.length - 1))] ?? 0);
    at += part.length;
  }
  return { text: made, ends: ends && (made === text ? ends : Int32Array.from(madeEnds)) };
};

export const rewriteCharacters = (traced: Traced, become: (character: string) => string): Traced => rewrite(traced, traced.text, become);

export const replaceAll = (traced: Traced, pattern: string | RegExp, replacement: () => string): Traced => {
  const { text, ends } = traced;
  if (!ends) return { text: text.replaceAll(pattern, replacement), ends };
  const parts: string[] = []; // kept, matched, kept, matched, …
  let at = 0;
  text.replaceAll(pattern, (match, ...rest) => {
    const index = rest.find((value) => typeof value === 'number') as number; // groups, if any, come first
    parts.push(text.slice(at, index), match);
    at = index + match.length;
    return match;
  });
  let matched = true;
  return rewrite(traced, [...parts, text.slice(at)], (part) => {
    matched = !matched;
    return matched ? replacement() : part;
  });
};

export type Form = 'NFC' | 'NFD' | 'NFKC' | 'NFKD';

/** Characters that may join the one before them: marks, the later letters of Hangul and Kirat Rai, and what decomposes to begin with one of them. */
const joins = (character: string): boolean =>
  character > '\u02ff' && /^[\p{M}\u1161-\u1175\u11a8-\u11c2\u{16d63}\u{16d67}-\u{16d6a}]/u.test(character.normalize('NFKD'));

export const normaliseTraced = (traced: Traced, form: Form): Traced => {
  const text = traced.text.normalize(form);
  if (text === traced.text || !traced.ends) return { text, ends: traced.ends };
  const groups: string[] = [];
  let start = 0;
  let at = 0;
  for (const character of traced.text) {
    if (at > start && !joins(character)) {
      groups.push(traced.text.slice(start, at));
      start = at;
    }
    at += character.length;
  }
  groups.push(traced.text.slice(start));
  const made = rewrite(traced, groups, (group) => group.normalize(form));
  return made.text === text ? made : rewrite(traced, [traced.text], () => text);
};
