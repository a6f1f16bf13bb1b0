import type { Block, BlockKind } from '../text/index.ts';
import type { Origin } from './document.ts';

const invisible = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]/u;
const everyInvisible = new RegExp(invisible, 'gu');

/** What a piece of text becomes before it is kept: no control or invisible characters, no half surrogates. */
export const clean = (text: string): string =>
  text
    .toWellFormed()
    .replace(everyInvisible, '')
    .replace(/[\p{Cc}\u2028\u2029]/gu, ' ');

const tagAt = (raw: string, at: number) => (raw[at] === '<' ? /^<[/a-z!?][^>]{0,200}>/i.exec(raw.slice(at, at + 203))?.[0] : undefined);

/**
 * For every character of `value` its position in the file, where `raw` (at `offset`) spells it, with `&name;`, `\\` and line prefixes that `value` no longer has; NaN where it cannot be told.
 */
export const align = (value: string, raw: string, offset: number): number | readonly number[] => {
  if (value === raw) return offset;
  const sources: number[] = [];
  let at = 0;
  for (let i = 0; i < value.length; i++) {
    const character = value[i]!;
    // A stray end tag leaves no trace but the text around it.
    for (let tag = tagAt(raw, at); tag && !value.startsWith(tag, i); tag = tagAt(raw, at)) at += tag.length;
    if (raw[at] === '\\' && raw[at + 1] === character && character !== '\\') at++;
    const reference = raw[at] === '&' ? /^&[#\w]{1,40};?/.exec(raw.slice(at, at + 42)) : null;
    if (reference && !(character === '&' && value.startsWith(reference[0], i))) {
      sources.push(offset + at);
      // Two characters may come from one reference; the second is told by what follows not fitting.
      if (value[i + 1] === undefined || raw[at + reference[0].length] === value[i + 1] || !/[\ud800-\udbff]/.test(character)) at += reference[0].length;
      continue;
    }
    const fits = () => raw[at] === character || (/\s/.test(character) && /\s/.test(raw[at] ?? ''));
    if (!fits()) {
      const next = raw.slice(at, at + 100).indexOf(character);
      if (next > 0) at += next;
    }
    // A character that the file does not show has no place.
    sources.push(fits() ? offset + at : Number.NaN);
    if (fits()) at++;
  }
  return sources;
};

/**
 * Gathers blocks of running text. White space collapses as in a browser; blocks stand two line ends apart; each stretch remembers where it came from.
 */
export const textBuilder = () => {
  const parts: string[] = [];
  const blocks: Block[] = [];
  const origins: Origin[] = [];
  let length = 0;
  let block = '';
  let blockOrigins: Origin[] = [];
  let pendingSpace = false;

  return {
    /** Characters gathered so far. */
    get length() {
      return length + block.length;
    },
    get blocks() {
      return blocks.length;
    },
    /** Characters of the open block. */
    get open() {
      return block.length;
    },
    /** Forgets the open block. */
    drop() {
      block = '';
      blockOrigins = [];
      pendingSpace = false;
    },
    /** Adds to the open block. `sources[i]` is the position of `text[i]` in the decoded file; a number is the position of the first, the others following it. */
    add(text: string, sources?: number | readonly number[]) {
      const sourceOf = (i: number) => {
        const source = typeof sources === 'number' ? sources + i : sources?.[i];
        return Number.isNaN(source) ? undefined : source;
      };
      let from = block.length;
      let at: number | undefined;
      const close = () => {
        if (at !== undefined && block.length > from) blockOrigins.push({ start: from, end: block.length, source: at });
      };
      for (let i = 0; i < text.length; i++) {
        const character = text[i]!;
        if (/[\s\p{Cc}]/u.test(character)) {
          pendingSpace ||= block !== '';
          continue;
        }
        if (invisible.test(character)) continue;
        const source = sourceOf(i);
        const space = pendingSpace ? ' ' : '';
        pendingSpace = false;
        // A stretch goes on as long as text and file advance together.
        if (at === undefined || source !== at + (block.length + space.length - from)) {
          close();
          block += space;
          from = block.length;
          at = source;
        } else block += space;
        block += character;
      }
      close();
    },
    /** Ends the open block and keeps it under its kind; an empty one vanishes. */
    end(kind: BlockKind) {
      pendingSpace = false;
      const text = block.toWellFormed();
      block = '';
      const moved = blockOrigins;
      blockOrigins = [];
      if (text === '') return;
      if (parts.length > 0) {
        parts.push('\n\n');
        length += 2;
      }
      blocks.push({ kind, start: length, end: length + text.length });
      for (const { start, end, source } of moved) origins.push({ start: length + start, end: length + end, source });
      parts.push(text);
      length += text.length;
    },
    result: () => ({ text: parts.join(''), blocks, origins }),
  };
};
