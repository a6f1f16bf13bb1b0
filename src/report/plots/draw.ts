import type { PlotOptions } from '@observablehq/plot';
import { cleanText, escapeHtml, Markup } from '../html.ts';
import { quietInk } from './colours.ts';
import type { Plot } from './plot.ts';

export type PlotLibrary = typeof import('@observablehq/plot');

/** What a picture is made of at one width in pixels; `wide` where there is room for words beside marks. */
export type Draw = (plot: PlotLibrary, space: { readonly width: number; readonly wide: boolean }) => PlotOptions;

/** Widths that every picture is drawn at: for a page on a screen or on paper, and for a telephone. */
export const widths = { wide: 720, narrow: 342 } as const;

// The parts of the page's document that are used here; the types of a browser are not loaded in this program.
interface Shape {
  readonly attributes: Iterable<{ name: string; value: string }>;
  readonly outerHTML: string;
  querySelector(selector: string): { remove(): void } | null;
  querySelectorAll(selector: string): Iterable<Shape>;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
}

const rounded = (value: string): string => value.replace(/-?\d+\.\d{3,}(?:e-?\d+)?/g, (number) => String(Number(Number(number).toFixed(2))));

const svgOf = (plot: PlotLibrary, document: unknown, options: PlotOptions, label: string): Markup => {
  const svg = plot.plot({ ...options, document: document as never, figure: false }) as unknown as Shape;
  svg.querySelector('style')?.remove();
  // A picture is one thing to a screen reader: its label says the finding, its table holds the numbers.
  for (const shape of [svg, ...svg.querySelectorAll('*')]) {
    for (const { name, value } of [...shape.attributes])
      if (name.startsWith('aria-')) shape.removeAttribute(name);
      else if (/^(?:d|transform|x|y|x1|x2|y1|y2|cx|cy|r|width|height)$/.test(name)) shape.setAttribute(name, rounded(value));
  }
  for (const name of ['class', 'font-size', 'font-family']) svg.removeAttribute(name);
  svg.setAttribute('color', quietInk);
  // The label is written here and not by the document, whose attributes are HTML's: a saved picture is XML, which knows no bare <.
  return new Markup(cleanText(svg.outerHTML).replace(/^<svg/, () => `<svg role="img" aria-label="${escapeHtml(label)}"`));
};

/**
 * Draws a picture at both widths, as SVG whose colours are the page's variables.
 *
 * @param label  what a screen reader says in its place
 */
export const drawPlot = async (label: string, draw: Draw): Promise<Plot> => {
  // Half a second and sixteen megabytes that only a report needs.
  const [plot, { parseHTML }] = await Promise.all([import('@observablehq/plot'), import('linkedom')]);
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const at = (width: number) => svgOf(plot, document, frame(draw(plot, { width, wide: width === widths.wide }), width), label);
  return { wide: at(widths.wide), narrow: at(widths.narrow) };
};

const frame = (options: PlotOptions, width: number): PlotOptions => ({ width, marginTop: 24, marginBottom: 36, marginLeft: 44, marginRight: 20, ...options });
