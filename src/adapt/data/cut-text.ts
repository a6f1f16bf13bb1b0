import { ConfigError } from '../../core/index.ts';
import type { CausalTokenizer } from '../../formats/index.ts';

/** Where a text is best cut: after a paragraph, a line, a sentence, a word. */
const ends = [/\r?\n[ \t]*\r?\n\s*/g, /\r?\n\s*/g, /[.!?。！？]["'”’)\]]*\s+/g, /\s+/g];
/** A cut leaves at least this share of the room used, or a worse place is looked for. */
const least = 0.25;

/** Tokens that a text has beside its own: what the tokenizer puts around it, and the end. */
const around = (tokenizer: CausalTokenizer): number => tokenizer.encode('').length + 1;

/**
 * Cuts a text into pieces that fit `length` tokens each, with what the tokenizer puts around a text and an end token: after a paragraph where one ends in the last three quarters, else after a line, a sentence, a
 * word, a character. The pieces joined are the text.
 *
 * @throws ConfigError where `length` leaves less than 8 tokens of text
 */
export const cutText = (text: string, { tokenizer, length }: { readonly tokenizer: CausalTokenizer; readonly length: number }): string[] => {
  const room = length - around(tokenizer);
  if (!(room >= 8)) throw new ConfigError(`cutText: expected a length of at least ${around(tokenizer) + 8} tokens, got ${length}; take longer texts`);
  const pieces: string[] = [];
  for (let from = 0; from < text.length; ) {
    let end = from + fitting(text, from, room, tokenizer);
    // A piece alone may need a token more than it did within its text.
    for (let less = 1; end - from > 1 && tokenizer.encode(text.slice(from, end), { special: false, parseSpecial: false }).length > room; less *= 2)
      end = from + Math.max(1, fitting(text, from, Math.max(1, room - less), tokenizer));
    pieces.push(text.slice(from, end));
    from = end;
  }
  return pieces;
};

/** Length of the piece that begins at `from` and has at most `room` tokens. */
const fitting = (text: string, from: number, room: number, tokenizer: CausalTokenizer): number => {
  for (let width = 6 * room; ; width *= 2) {
    const window = text.slice(from, from + width);
    const found = tokenizer.encodeWithOffsets(window, { special: false, parseSpecial: false }).ends;
    const whole = from + width >= text.length;
    if (found.length <= room && whole) return window.length;
    if (found.length <= room) continue;
    let last = room - 1;
    while (last > 0 && found[last]! >= found[room]!) last--; // a character of several tokens stays whole
    return cutBefore(window, Math.max(1, found[last]!));
  }
};

const cutBefore = (window: string, most: number): number => {
  for (const pattern of ends) {
    let at = 0;
    for (const match of window.slice(0, most).matchAll(pattern)) at = match.index + match[0].length;
    if (at >= least * most) return at;
  }
  return most;
};
