import { parse } from 'parse5';

/** An element of a page as it was parsed. */
export interface Element {
  readonly nodeName: string;
  readonly attrs?: { readonly name: string; readonly value: string }[];
  readonly childNodes?: Element[];
  readonly value?: string;
}

/** Everything on a page, and where it is not HTML. */
export const read = (text: string): { all: Element[]; errors: string[] } => {
  const errors: string[] = [];
  const root = parse(text, { onParseError: ({ code, startLine, startCol }) => errors.push(`${code} at ${startLine}:${startCol}`) }) as unknown as Element;
  const below = (element: Element): Element[] => [element, ...(element.childNodes ?? []).flatMap(below)];
  return { all: below(root), errors };
};
export const attribute = (element: Element, name: string) => element.attrs?.find((a) => a.name === name)?.value;
export const named = (all: readonly Element[], name: string) => all.filter(({ nodeName }) => nodeName === name);
export const textOf = (element: Element): string => element.value ?? (element.childNodes ?? []).map(textOf).join('');
/** What the links of a page save under names of an ending. */
export const saved = (all: readonly Element[], ending: string): string[] =>
  named(all, 'a').flatMap((link) =>
    attribute(link, 'download')?.endsWith(ending) ? [Buffer.from(attribute(link, 'href')!.replace(/^.*;base64,/, ''), 'base64').toString()] : [],
  );
