import { type Content, html, Markup } from './html.ts';
import type { Plot } from './plots/plot.ts';
import { savedSvg } from './saved-svg.ts';
import { style } from './style.ts';

export interface Column {
  readonly label: string;
  /** Figures: set to the right. */
  readonly number?: boolean;
}

export interface TableOf<Cell> {
  readonly columns: readonly Column[];
  /** The first cell of a row names it. */
  readonly rows: readonly (readonly Cell[])[];
}

export interface Figure {
  /** The finding, in a few words. */
  readonly title: string;
  /** One sentence that says what to see. */
  readonly caption: string;
  readonly plot: Plot;
  /** What the colours stand for, where nothing in the picture says so. */
  readonly key?: Content;
  /** The numbers of the picture, for who cannot see it, and to be saved. */
  readonly numbers: TableOf<string | number>;
  /** Of saved files, without an ending. */
  readonly file: string;
}

export interface Fact {
  readonly label: string;
  readonly value: string;
  readonly note?: string;
}

export interface Page {
  /** What kind of report it is. */
  readonly kicker: string;
  readonly title: string;
  /** What it comes down to. */
  readonly lead: string;
  readonly warnings?: readonly string[];
  readonly facts?: readonly Fact[];
  readonly sections: readonly { readonly title: string; readonly parts: Content }[];
  readonly foot: string;
}

/** Nothing may run or be fetched, wherever the page is opened. Who serves a report sends it along. */
export const reportPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/** Text from outside: keeps its line breaks and its own direction, and is cut after 1 200 characters. */
export const quoted = (text: string, most = 1200): Markup => {
  const characters = text.length > most ? `${text.slice(0, most).toWellFormed()} … (${text.length - most} more characters)` : text;
  return characters.trim() === '' ? html`<span class="quiet">(nothing)</span>` : html`<div class="user" dir="auto">${characters}</div>`;
};

/** A table with its caption; scrolls by itself where it is wider than the page. */
export const table = (caption: string, { columns, rows }: TableOf<Content>): Markup => {
  const kind = (column: number) => (columns[column]?.number ? new Markup(' class="number"') : '');
  const head = columns.map(({ label }, i) => html`<th scope="col"${kind(i)}>${label}</th>`);
  const body = rows.map(([name, ...cells]) => html`<tr><th scope="row">${name}</th>${cells.map((cell, i) => html`<td${kind(i + 1)}>${cell}</td>`)}</tr>\n`);
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table><caption>${caption}</caption>
<thead><tr>${head}</tr></thead><tbody>
${body}</tbody></table></div>`;
};

const csvCell = (cell: string | number): string => {
  const text = String(cell).toWellFormed();
  // A spreadsheet runs what begins like a formula.
  const safe = typeof cell === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

/** A table as comma-separated values, lines ended as RFC 4180 says. */
export const csv = ({ columns, rows }: TableOf<string | number>): string =>
  [columns.map(({ label }) => label), ...rows].map((row) => `${row.map(csvCell).join(',')}\r\n`).join('');

const download = (name: string, type: string, content: string): Markup =>
  html`<a download="${name}" href="data:${type};base64,${Buffer.from(content).toString('base64')}">Save ${name.slice(name.lastIndexOf('.') + 1).toUpperCase()}</a>`;

/** A picture under its finding and the sentence that says what to see; its numbers fold out and can be saved. */
export const figure = ({
  title,
  caption,
  plot,
  key,
  numbers,
  file,
}: Figure): Markup => html`<figure><figcaption><b>${title}</b><span class="caption">${caption}</span></figcaption>
<div class="wide">${plot.wide}</div>
<div class="narrow">${plot.narrow}</div>${key && html`<div class="key">${key}</div>`}
<div class="tools"><details><summary>Numbers</summary>${table(`Numbers of “${title}”`, numbers)}</details>
${download(`${file}.svg`, 'image/svg+xml', savedSvg(plot.wide.text))}
${download(`${file}.csv`, 'text/csv;charset=utf-8', csv(numbers))}</div></figure>
`;

/** What a colour stands for. */
export const keyItem = (colour: string, label: string): Markup => html`<span><i style="background:${colour}"></i>${label}</span>`;

/** The first few shown, the rest folded away. */
export const folded = (items: readonly Content[], shown: number, wrap: (items: readonly Content[]) => Markup): Content => [
  wrap(items.slice(0, shown)),
  items.length > shown && html`<details><summary>${items.length - shown} more</summary>${wrap(items.slice(shown))}</details>`,
];

/** Writes a page: one file, no script, nothing fetched. The same content gives the same bytes. */
export const page = ({ kicker, title, lead, warnings = [], facts = [], sections, foot }: Page): string =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${reportPolicy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="Lyceum">
<title>${title} · ${kicker}</title>
<style>${new Markup(style)}</style>
</head>
<body>
<main>
<header><p class="kicker">${kicker}</p>
<h1 dir="auto">${title}</h1>
<p class="lead">${lead}</p>
${warnings.map((warning) => html`<p class="warn">${warning}</p>\n`)}</header>
${facts.length > 0 && html`<dl class="facts">${facts.map(({ label, value, note }) => html`<div><dt>${label}</dt><dd class="value">${value}</dd>${note && html`<dd class="sub">${note}</dd>`}</div>\n`)}</dl>`}
${sections.map(({ title, parts }) => html`<section>\n<h2>${title}</h2>\n${parts}\n</section>\n`)}
<footer class="foot">${foot}</footer>
</main>
</body>
</html>
`.text;
