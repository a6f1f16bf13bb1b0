/** Markup that is safe to write as it is: made by `html`, or by the room itself. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Content = Markup | string | number | null | undefined | false | readonly Content[];

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** What neither HTML nor SVG can hold (control characters, half characters) becomes U+FFFD; lines end in one way. */
export const cleanText = (text: string): string =>
  text
    .toWellFormed()
    .replace(/\r\n?/g, '\n')
    .replace(/[^\P{Cc}\t\n]|\p{Noncharacter_Code_Point}/gu, '\ufffd');

/** Text as it may stand between tags and in quoted attributes. */
export const escapeHtml = (text: string): string => cleanText(text).replace(/[&<>"']/g, (character) => entities[character]!);

const written = (content: Content): string => {
  if (content === null || content === undefined || content === false) return '';
  if (content instanceof Markup) return content.text;
  if (typeof content === 'object') return content.map(written).join('');
  return escapeHtml(String(content));
};

/** Markup with everything put into it escaped, but for other markup: html`<td>${anything}</td>`. */
export const html = (strings: TemplateStringsArray, ...contents: readonly Content[]): Markup =>
  new Markup(String.raw({ raw: strings }, ...contents.map(written)));
