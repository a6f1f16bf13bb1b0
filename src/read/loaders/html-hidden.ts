// What a browser would not show. Text that only a machine reads is where instructions to machines hide, so it is never read.
import type { DefaultTreeAdapterMap } from 'parse5';

type Element = DefaultTreeAdapterMap['element'];

const hidingDeclaration =
  /(?:^|[;{\s])(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|content-visibility\s*:\s*hidden|opacity\s*:\s*0*\.?0+\s*(?:;|!|}|%|$)|font-size\s*:\s*0*\.?(?:0|[01](?:\.\d+)?px)\s*(?:;|!|}|[a-z%]|$)|color\s*:\s*transparent|(?:left|top|right|bottom|text-indent|margin-left|margin-top)\s*:\s*-\d{3,}|clip(?:-path)?\s*:\s*(?:rect\(\s*[01]|inset\(\s*(?:50|100)%)|transform\s*:\s*scale\(\s*0)/i;
const clippedBox = /(?:^|[;{\s])(?:max-)?(?:height|width)\s*:\s*[01](?:px)?\s*(?:;|!|}|$)/i;
const whiteInk = /(?:^|[;{\s])color\s*:\s*(?:white|#fff(?:fff)?|rgba?\(\s*255\s*,\s*255\s*,\s*255)/i;

export const hides = (style: string): boolean =>
  hidingDeclaration.test(style) || (clippedBox.test(style) && /overflow\s*:\s*hidden/i.test(style)) || (whiteInk.test(style) && !/background/i.test(style));

export const attribute = (element: Element, name: string): string | undefined => element.attrs.find((found) => found.name === name)?.value;

const unread: ReadonlySet<string> = new Set(
  'script style noscript template iframe frame object embed svg canvas audio video picture map head title meta link base select option datalist input textarea button dialog rp annotation annotation-xml'.split(
    ' ',
  ),
);

export interface HiddenRules {
  readonly classes: ReadonlySet<string>;
  readonly ids: ReadonlySet<string>;
}

/** Class and id names that the page's own style sheets hide; only rules for one bare `.class` or `#id` count, outside of `@media`. */
export const hiddenRules = (styleSheets: readonly string[]): HiddenRules => {
  const [classes, ids] = [new Set<string>(), new Set<string>()];
  for (const sheet of styleSheets) {
    const plain = sheet.slice(0, 500_000).replace(/\/\*[^*]*\*+(?:[^/*][^*]*\*+)*\//g, '');
    // Blocks nested in @media or @supports depend on the screen; the outermost level does not.
    let depth = 0;
    let start = 0;
    let selector = '';
    for (let i = 0; i < plain.length; i++) {
      const character = plain[i];
      if (character === '{') {
        if (depth === 0) {
          selector = plain.slice(start, i).trim();
          start = i + 1;
        }
        depth++;
      } else if (character === '}') {
        depth = Math.max(0, depth - 1);
        if (depth > 0) continue;
        if (!selector.startsWith('@') && hides(plain.slice(start, i)))
          for (const one of selector.split(',')) {
            const bare = /^(?:[a-z]\w*)?([.#])([\w-]+)$/i.exec(one.trim());
            if (bare) (bare[1] === '.' ? classes : ids).add(bare[2]!);
          }
        start = i + 1;
      } else if (character === ';' && depth === 0) start = i + 1;
    }
  }
  return { classes, ids };
};

export type Visibility = 'shown' | 'no-text' | 'hidden';

/** `no-text`: an element that never holds running text; `hidden`: one whose text a reader of the page would not see. */
export const visibilityOf = (element: Element, rules: HiddenRules): Visibility => {
  if (unread.has(element.tagName)) return 'no-text';
  if (attribute(element, 'hidden') !== undefined || attribute(element, 'aria-hidden') === 'true') return 'hidden';
  if (hides(attribute(element, 'style') ?? '')) return 'hidden';
  if (rules.ids.has(attribute(element, 'id') ?? '')) return 'hidden';
  return (attribute(element, 'class') ?? '').split(/\s+/).some((name) => rules.classes.has(name)) ? 'hidden' : 'shown';
};
