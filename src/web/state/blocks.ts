interface Span {
  readonly start: number;
  readonly end: number;
}
export interface Block extends Span {
  /** body holds sentences; heading is a short line without one; aside is other text without sentences (references, tables). */
  readonly kind: 'body' | 'heading' | 'aside';
}

const longestHeading = 90;

/** Cuts a text into paragraphs at empty lines and wherever text without sentences meets text with. All but white space is covered, in order. */
export function blocksOf(text: string, sentences: readonly Span[]): Block[] {
  const blocks: Block[] = [];
  let next = 0;
  for (const match of text.matchAll(/[^\n](?:[^\n]|\n(?!\s*\n))*/g)) {
    const paragraph = { start: match.index, end: match.index + match[0].length };
    while (next < sentences.length && sentences[next]!.end <= paragraph.start) next++;
    let at = paragraph.start;
    let bodyStart = -1;
    let bodyEnd = -1;
    const flushBody = () => {
      if (bodyStart >= 0) push(bodyStart, bodyEnd, 'body');
      bodyStart = -1;
    };
    for (let s = next; s < sentences.length && sentences[s]!.start < paragraph.end; s++) {
      const start = Math.max(sentences[s]!.start, paragraph.start);
      const end = Math.min(sentences[s]!.end, paragraph.end);
      const gap = text.slice(at, start);
      if (gap.trim().length > 2) {
        flushBody();
        push(at, start, 'aside');
      }
      if (bodyStart < 0) bodyStart = start;
      bodyEnd = end;
      at = end;
    }
    if (text.slice(at, paragraph.end).trim().length > 2) {
      flushBody();
      push(at, paragraph.end, 'aside');
    } else if (bodyStart >= 0) bodyEnd = paragraph.end;
    flushBody();
  }

  function push(start: number, end: number, kind: 'body' | 'aside'): void {
    const piece = text.slice(start, end);
    const from = start + (piece.length - piece.trimStart().length);
    const to = end - (piece.length - piece.trimEnd().length);
    if (from >= to) return;
    const line = text.slice(from, to);
    blocks.push({ start: from, end: to, kind: kind === 'body' ? 'body' : line.length <= longestHeading && !line.includes('\n') ? 'heading' : 'aside' });
  }
  return blocks;
}
