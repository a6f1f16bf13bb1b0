import { sentences } from './sentences.ts';
import { type Range, words } from './words.ts';

/** What a block of a document is; only `paragraph`, `list` and `caption` hold sentences. */
export type BlockKind = 'title' | 'byline' | 'heading' | 'paragraph' | 'list' | 'table' | 'caption' | 'code' | 'references';

export interface Block extends Range {
  readonly kind: BlockKind;
}

/** A sentence with its words; `block` is the index of the block it stands in. All positions count in the document's text. */
export interface Sentence extends Range {
  readonly block: number;
  readonly words: readonly Range[];
}

const prose: ReadonlySet<BlockKind> = new Set(['paragraph', 'list', 'caption']);

// The longest sentence of SciERC has 101 words; what is longer is a table or a list in disguise, and costs the square of its length.
const longest = 110;

const pieces = (text: string, found: readonly Range[]): (readonly Range[])[] => {
  const cutWithin = (from: number): number => {
    if (found.length - from <= longest) return found.length;
    // No crumbs: what is left over has a dozen words at least.
    const last = from + Math.min(longest, found.length - from - 12);
    for (const mark of [';', ',']) for (let i = last - 1; i >= from + longest / 2; i--) if (text.slice(found[i]!.start, found[i]!.end) === mark) return i + 1;
    return last;
  };
  const cut: (readonly Range[])[] = [];
  for (let from = 0; from < found.length; ) {
    const to = cutWithin(from);
    cut.push(found.slice(from, to));
    from = to;
  }
  return cut;
};

/** The sentences of a document, in order. Titles, headings, tables, code and reference lists are not sentences; one of more than 110 words is cut at a semicolon or comma. */
export const splitDocument = (document: { readonly text: string; readonly blocks: readonly Block[] }): Sentence[] => {
  const { text } = document;
  return document.blocks.flatMap((block, index) =>
    prose.has(block.kind)
      ? sentences(text, block.start, block.end).flatMap((sentence) =>
          pieces(text, words(text, sentence.start, sentence.end)).map((piece) => ({
            start: piece[0]!.start,
            end: piece.at(-1)!.end,
            block: index,
            words: piece,
          })),
        )
      : [],
  );
};
