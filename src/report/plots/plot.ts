import type { Markup } from '../html.ts';

/** One picture at two widths, each a whole SVG element. */
export interface Plot {
  readonly wide: Markup;
  readonly narrow: Markup;
}
