import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmFromMarkdown } from 'mdast-util-gfm';
import { gfm } from 'micromark-extension-gfm';
import type { BlockKind } from '../text/index.ts';
import { align, textBuilder } from './build.ts';
import { decodeText } from './decode.ts';
import { LoadError, type ParsedText } from './document.ts';
import { captionStart, markReferences, present, yearOf } from './kinds.ts';

type Node = ReturnType<typeof fromMarkdown>['children'][number] | ReturnType<typeof fromMarkdown>;

// One `name: value` a line between two rows of dashes, as site generators write it.
const frontMatter = (text: string): { length: number; fields: Map<string, string> } => {
  const match = /^\uFEFF?---[^\S\n]*\r?\n([\s\S]{0,20000}?)\r?\n(?:---|\.\.\.)[^\S\n]*(?:\r?\n|$)/.exec(text);
  const fields = [...(match?.[1] ?? '').matchAll(/^(\w+):[^\S\n]*(.*?)[^\S\n]*\r?$/gm)].map(
    ([, name, value]) => [name!.toLowerCase(), value!.replace(/^(["'])(.*)\1$/, '$2')] as const,
  );
  return { length: match?.[0].length ?? 0, fields: new Map(fields) };
};

/** Markdown (CommonMark and GitHub's tables, task lists, footnotes): the words without the marks. HTML inside it, comments above all, is not read. */
export const parseMarkdown = (bytes: Uint8Array, characters: number): ParsedText => {
  const source = decodeText(bytes);
  const front = frontMatter(source);
  const tree = fromMarkdown(source.slice(front.length), { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] });
  const builder = textBuilder();
  let html = 0;

  const placeOf = ({ value, position }: Node & { value: string }) => {
    if (position === undefined) return undefined;
    const start = front.length + position.start.offset!;
    return align(value, source.slice(start, front.length + position.end.offset!), start);
  };
  const inline = (node: Node): void => {
    switch (node.type) {
      case 'text':
      case 'inlineCode':
        builder.add(node.value, placeOf(node));
        return;
      case 'break':
        builder.add(' ');
        return;
      case 'html':
        html++;
        return;
      case 'footnoteReference':
      case 'image':
        return;
      default:
        if ('children' in node) for (const child of node.children) inline(child);
    }
  };
  const block = (node: Node, kind: BlockKind): void => {
    if (builder.length > characters) throw new LoadError('TOO_LARGE', `expected at most ${characters} characters of text, got more; split the file`);
    switch (node.type) {
      case 'heading':
        inline(node);
        builder.end(node.depth === 1 && builder.blocks === 0 ? 'title' : 'heading');
        return;
      case 'paragraph':
        inline(node);
        builder.end(kind);
        return;
      case 'code':
        builder.add(node.value);
        builder.end('code');
        return;
      case 'tableRow':
        for (const cell of node.children) {
          inline(cell);
          builder.add(' ');
        }
        builder.end('table');
        return;
      case 'html':
        html++;
        return;
      case 'listItem':
        for (const child of node.children) block(child, 'list');
        return;
      case 'definition':
      case 'thematicBreak':
        return;
      default:
        if ('children' in node) for (const child of node.children) block(child, kind);
    }
  };
  block(tree, 'paragraph');

  const { text, blocks, origins } = builder.result();
  if (text === '') throw new LoadError('NO_TEXT', 'expected Markdown with text, got none; copy or download the file again');
  const captioned = blocks.map((found) =>
    found.kind === 'paragraph' && captionStart.test(text.slice(found.start, found.end)) ? { ...found, kind: 'caption' as const } : found,
  );
  const first = blocks[0]!;
  const title = front.fields.get('title') ?? (first.kind === 'title' ? text.slice(first.start, first.end) : undefined);
  return {
    text,
    blocks: markReferences(text, captioned),
    origins,
    metadata: present({ title, year: yearOf(front.fields.get('year') ?? front.fields.get('date')), venue: front.fields.get('venue') }),
    warnings: html > 0 ? [`${html} pieces of HTML inside the Markdown were left out`] : [],
  };
};
