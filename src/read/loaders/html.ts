import { type DefaultTreeAdapterMap, parse } from 'parse5';
import type { BlockKind } from '../text/index.ts';
import { align, textBuilder } from './build.ts';
import { decodeText, knownAs, markedEncoding } from './decode.ts';
import { LoadError, type ParsedText } from './document.ts';
import { attribute, type HiddenRules, hiddenRules, visibilityOf } from './html-hidden.ts';
import { captionStart, markReferences, present, yearOf } from './kinds.ts';

type Node = DefaultTreeAdapterMap['childNode'];
type Element = DefaultTreeAdapterMap['element'];

const set = (names: string): ReadonlySet<string> => new Set(names.split(' '));
const blockTags = set(
  'address article aside blockquote body center dd details dir div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr html legend li main menu nav ol p pre section summary table tbody td tfoot th thead tr ul caption',
);
const aroundTags = set('nav footer aside form menu');
const aroundRoles = set('navigation banner contentinfo search complementary menu dialog alert');
// Whole names only: "related-work" is a section of a paper.
const aroundName =
  /^(?:(?:site|page|main|global|top)[-_])?(?:nav|navbar|navigation|menu|sidebar|footer|cookies?|cookie[-_](?:banner|bar|consent|notice)|consent|breadcrumbs?|share|sharing|social|social[-_](?:links|share|media)|ads?|adverts?|advertisements?|promo|newsletter|comments|related[-_](?:articles|posts|links)|pagination|skip[-_]link)$/i;

const isElement = (node: Node): node is Element => 'tagName' in node;
const childrenOf = (node: Node | DefaultTreeAdapterMap['document']): readonly Node[] => ('childNodes' in node ? node.childNodes : []);

// Depth first, without recursion: pages nest as deep as they like.
function* walk(root: Node | DefaultTreeAdapterMap['document'], enter: (element: Element) => boolean): Generator<{ node: Node; leaving: boolean }> {
  const stack: { node: Node; leaving: boolean }[] = childrenOf(root)
    .map((node) => ({ node, leaving: false }))
    .reverse();
  while (stack.length > 0) {
    const step = stack.pop()!;
    if (step.leaving || !isElement(step.node)) yield step;
    else if (enter(step.node)) {
      yield step;
      stack.push({ node: step.node, leaving: true });
      const children = childrenOf(step.node);
      for (let i = children.length - 1; i >= 0; i--) stack.push({ node: children[i]!, leaving: false });
    }
  }
}

const textOf = (root: Node): string => {
  let text = '';
  for (const { node } of walk(root, () => true)) if (node.nodeName === '#text' && 'value' in node) text += node.value;
  return text;
};

const decodeHtml = (bytes: Uint8Array, warnings: string[]): string => {
  const what = knownAs(bytes);
  if (what) throw new LoadError('BINARY', `expected HTML, got ${what}; give the file its right ending`);
  if (markedEncoding(bytes)) return decodeText(bytes);
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, 4096));
  const declared = /<meta[^>]{0,200}charset\s*=\s*["']?\s*([\w-]+)/i.exec(head)?.[1] ?? /<\?xml[^>]{0,200}encoding\s*=\s*["']([\w-]+)/i.exec(head)?.[1];
  if (declared && !/^utf-?8$/i.test(declared)) {
    try {
      return new TextDecoder(declared, { fatal: true }).decode(bytes);
    } catch (cause) {
      throw new LoadError('ENCODING', `expected ${declared} as the page declares, got bytes or a name that do not fit; save the page as UTF-8`, { cause });
    }
  }
  try {
    return decodeText(bytes);
  } catch (error) {
    if (declared || !(error instanceof LoadError) || error.code !== 'ENCODING') throw error;
    warnings.push('the page names no encoding and is not UTF-8; read as windows-1252, as browsers do');
    return new TextDecoder('windows-1252').decode(bytes);
  }
};

const isAround = (element: Element): boolean =>
  aroundTags.has(element.tagName) ||
  aroundRoles.has(attribute(element, 'role') ?? '') ||
  (!/^(?:html|body|main|article|p|h[1-6])$/.test(element.tagName) &&
    `${attribute(element, 'class') ?? ''} ${attribute(element, 'id') ?? ''}`.split(/\s+/).some((name) => aroundName.test(name)));

// A raised link is the number of a note; glued to a word it would spoil it.
const isNoteMark = (element: Element): boolean =>
  attribute(element, 'role') === 'doc-noteref' || (element.tagName === 'sup' && element.childNodes.some((child) => isElement(child) && child.tagName === 'a'));

const headingKind = (tag: string): BlockKind | undefined => (/^h[1-6]$/.test(tag) || tag === 'legend' || tag === 'summary' ? 'heading' : undefined);
const kindOfTag = (tag: string): BlockKind | undefined =>
  headingKind(tag) ??
  (tag === 'li' || tag === 'dd' || tag === 'dt'
    ? 'list'
    : tag === 'pre'
      ? 'code'
      : tag === 'figcaption' || tag === 'caption'
        ? 'caption'
        : tag === 'td' || tag === 'th'
          ? 'table'
          : undefined);

// The element that holds the document: <main> or <article> when it has a fair share of the text, else <body>.
const mainOf = (document: DefaultTreeAdapterMap['document'], rules: HiddenRules): Node | DefaultTreeAdapterMap['document'] => {
  const sizes = new Map<Element, number>();
  const open: Element[] = [];
  let total = 0;
  for (const { node, leaving } of walk(document, (element) => visibilityOf(element, rules) === 'shown')) {
    if (isElement(node)) {
      if (leaving) {
        if (open.at(-1) === node) open.pop();
      } else if (/^(?:main|article)$/.test(node.tagName) || attribute(node, 'role') === 'main') {
        open.push(node);
        sizes.set(node, 0);
      }
    } else if (node.nodeName === '#text' && 'value' in node) {
      const size = node.value.trim().length;
      total += size;
      for (const element of open) sizes.set(element, sizes.get(element)! + size);
    }
  }
  const [best] = [...sizes].filter(([, size]) => size >= Math.max(200, total * 0.4)).sort(([, a], [, b]) => b - a);
  return best?.[0] ?? document;
};

/**
 * The running text of a page. Scripts, styles, comments and whatever the page hides from its reader are never read; menus, footers and forms are left out;
 * `<main>` or `<article>` is preferred where it holds a fair share of the text.
 *
 * @throws LoadError NO_TEXT for a page without text, ENCODING, BINARY, TOO_LARGE
 */
export const parseHtml = (bytes: Uint8Array, characters: number): ParsedText => {
  const warnings: string[] = [];
  return parseHtmlText(decodeHtml(bytes, warnings), characters, warnings);
};

/** As parseHtml, for text that is decoded already. */
export const parseHtmlText = (source: string, characters: number, warnings: string[] = []): ParsedText => {
  const document = parse(source, { sourceCodeLocationInfo: true });
  const meta = new Map<string, string>();
  const styleSheets: string[] = [];
  let headTitle = '';
  for (const { node, leaving } of walk(document, () => true)) {
    if (leaving || !isElement(node)) continue;
    if (node.tagName === 'style') styleSheets.push(textOf(node));
    if (node.tagName === 'title' && headTitle === '') headTitle = textOf(node).trim().replace(/\s+/g, ' ');
    if (node.tagName === 'meta') {
      const name = (attribute(node, 'name') ?? attribute(node, 'property'))?.toLowerCase();
      if (name && !meta.has(name)) meta.set(name, attribute(node, 'content') ?? '');
    }
  }
  const rules = hiddenRules(styleSheets);
  const builder = textBuilder();
  let hidden = 0;
  const enter = (element: Element): boolean => {
    const visibility = visibilityOf(element, rules);
    if (visibility === 'hidden' && textOf(element).trim() !== '') hidden++;
    return visibility === 'shown' && !isAround(element) && !isNoteMark(element);
  };
  const kinds: BlockKind[] = ['paragraph'];
  let linked = 0;
  let links = 0;
  const end = () => {
    // A list entry made of links alone is a menu that has no better name.
    const kind = kinds.at(-1)!;
    if (kind === 'list' && builder.open > 0 && linked >= builder.open * 0.9 && builder.open < 60) builder.drop();
    else builder.end(kind === 'heading' && builder.blocks === 0 ? 'title' : kind);
    linked = 0;
  };
  for (const { node, leaving } of walk(mainOf(document, rules), enter)) {
    if (builder.length > characters) throw new LoadError('TOO_LARGE', `expected at most ${characters} characters of text, got more; split the file`);
    if (!isElement(node)) {
      if (node.nodeName !== '#text' || !('value' in node)) continue;
      const before = builder.open;
      const place = node.sourceCodeLocation;
      builder.add(node.value, place ? align(node.value, source.slice(place.startOffset, place.endOffset), place.startOffset) : undefined);
      if (links > 0) linked += builder.open - before;
      continue;
    }
    if (node.tagName === 'a') links += leaving ? -1 : 1;
    if (node.tagName === 'br') builder.add(' ');
    if (!blockTags.has(node.tagName)) continue;
    if (node.tagName === 'td' || node.tagName === 'th') {
      if (leaving) builder.add(' ');
      else kinds.push('table');
      if (leaving) kinds.pop();
      continue;
    }
    if (leaving && node.tagName === 'tr') {
      builder.end('table');
      continue;
    }
    end();
    const kind = kindOfTag(node.tagName);
    if (kind) leaving ? kinds.pop() : kinds.push(kind);
  }
  end();

  const { text, blocks, origins } = builder.result();
  if (text === '')
    throw new LoadError(
      'NO_TEXT',
      `expected a page with text, got none${hidden > 0 ? ' but what the page hides' : ''}; save the page from a browser that shows its text`,
    );
  if (hidden > 0) warnings.push(`${hidden} hidden ${hidden === 1 ? 'element was' : 'elements were'} left out`);
  const captioned = blocks.map((found) =>
    found.kind === 'paragraph' && captionStart.test(text.slice(found.start, found.end)) ? { ...found, kind: 'caption' as const } : found,
  );
  const first = blocks[0]!;
  return {
    text,
    blocks: markReferences(text, captioned),
    origins,
    metadata: present({
      title: meta.get('citation_title') ?? (first.kind === 'title' ? text.slice(first.start, first.end) : headTitle || meta.get('og:title')),
      year: yearOf(
        meta.get('citation_publication_date') ??
          meta.get('citation_year') ??
          meta.get('citation_date') ??
          meta.get('dc.date') ??
          meta.get('article:published_time'),
      ),
      venue: meta.get('citation_conference_title') ?? meta.get('citation_journal_title'),
    }),
    warnings,
  };
};
