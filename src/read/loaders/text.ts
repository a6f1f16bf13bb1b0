import type { Block, BlockKind } from '../text/index.ts';
import { decodeText } from './decode.ts';
import { LoadError, type ParsedText } from './document.ts';
import { captionStart, markReferences, present, readsAsHeading } from './kinds.ts';

const kindOf = (words: string, first: boolean, alone: boolean): BlockKind => {
  const lines = words.split(/\r\n|\r|\n/);
  const short = words.length <= 160 && lines.length <= 2 && !/[.!?:;,]["')\]]*$/.test(words);
  if (first && short && alone) return 'title';
  if (lines.length === 1 && (readsAsHeading(words) || (short && words.length <= 80 && /^\p{Lu}/u.test(words) && words.split(/\s+/).length <= 10)))
    return 'heading';
  if (captionStart.test(words)) return 'caption';
  return lines.length > 1 && lines.every((line) => /^\s*(?:[-*•–]|\(?\d{1,3}[.)])\s/.test(line)) ? 'list' : 'paragraph';
};

// Stretches of lines with words on them, without the white space around.
function* stretches(text: string): Generator<{ start: number; end: number }> {
  let start = -1;
  let end = -1;
  const line = /[^\r\n]+|\r\n|\r|\n/g;
  let breaks = 0;
  for (const { 0: piece, index } of text.matchAll(line)) {
    if (/^[\r\n]/.test(piece)) {
      breaks++;
      continue;
    }
    if (piece.trim() === '') continue;
    if (breaks > 1 && start >= 0) {
      yield { start, end };
      start = -1;
    }
    if (start < 0) start = index + piece.length - piece.trimStart().length;
    end = index + piece.trimEnd().length;
    breaks = 0;
  }
  if (start >= 0) yield { start, end };
}

/** Plain text: kept character for character, so a position is a position in the file (after its byte order mark). Blank lines part blocks. */
export const parsePlainText = (bytes: Uint8Array): ParsedText => {
  const text = decodeText(bytes);
  const lastCharacter = text.trimEnd().length;
  const blocks: Block[] = [];
  for (const { start, end } of stretches(text)) {
    // A first line with a row of ==== or ---- below it is a heading; what follows is a block of its own.
    const head = text.slice(start, Math.min(end, start + 400));
    const underlined = /^([^\r\n]{1,200})(\r\n|\r|\n)[=~^-]{3,}[^\S\r\n]*(?:$|\r\n|\r|\n)\s*/.exec(head);
    if (underlined) blocks.push({ kind: blocks.length === 0 ? 'title' : 'heading', start, end: start + underlined[1]!.trimEnd().length });
    const from = start + (underlined?.[0].length ?? 0);
    if (from < end) {
      const words = text.slice(from, Math.min(end, from + 20_000));
      blocks.push({ kind: kindOf(words, blocks.length === 0, end < lastCharacter), start: from, end });
    }
  }
  if (blocks.length === 0) throw new LoadError('NO_TEXT', 'expected text, got only white space; copy or download the file again');
  const title = blocks[0]!.kind === 'title' ? text.slice(blocks[0]!.start, blocks[0]!.end).replace(/\s+/g, ' ') : undefined;
  return { text, blocks: markReferences(text, blocks), metadata: present({ title }), warnings: [] };
};
