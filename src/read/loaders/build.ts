import type { Block, BlockKind } from '../text/index.ts';
import type { Origin } from './document.ts';

const invisible = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]/u;

/** What a piece of text becomes before it is kept: no control or invisible characters, no half surrogates. */
export const clean = (text: string): string =>
  text
    .toWellFormed()
    .replace(/[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]/gu, '')
    .replace(/[\p{Cc}\u2028\u2029]/gu, ' ');

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
    /** Adds to the open block. `source` is the position of `text` in the decoded file; characters that its notation spells longer shift what follows in the same piece. */
    add(text: string, source?: number) {
      let from = block.length;
      let at = source;
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
        const jump = source !== undefined && at !== undefined && source + i !== at + (block.length - from) + (pendingSpace ? 1 : 0);
        if (jump || (pendingSpace && block.length === from)) {
          close();
          if (pendingSpace) block += ' ';
          from = block.length;
          at = source === undefined ? undefined : source + i;
        } else if (pendingSpace) block += ' ';
        pendingSpace = false;
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
