import { hueOf } from '../state/words.ts';
import type { Scene } from './scene.ts';

export type Colour = readonly [number, number, number];

/** Colours of one theme, 0…255. */
export interface Colours {
  readonly paper: Colour;
  readonly ink: Colour;
  readonly quietInk: Colour;
  readonly edge: Colour;
  readonly accent: Colour;
  /** By hue, 1…8; place 0 is not used. */
  readonly hues: readonly Colour[];
}

/** What stands out. */
export interface Emphasis {
  readonly selected: number;
  readonly hovered: number;
  /** A line that is selected as a fact, −1 for none. */
  readonly line: number;
  /** Nodes that stay bright; null: all do. */
  readonly lit: ReadonlySet<number> | null;
}

export interface Styles {
  readonly nodeColours: Uint8Array;
  readonly rings: Uint8Array;
  readonly edgeColours: Uint8Array;
}

export const makeStyles = (scene: Scene): Styles => ({
  nodeColours: new Uint8Array(scene.ids.length * 4),
  rings: new Uint8Array(scene.ids.length),
  edgeColours: new Uint8Array(scene.widths.length * 4),
});

const dim = 38;

/** Fills `styles` in place: kind gives the hue, emphasis the strength. */
export function paintStyles(scene: Scene, colours: Colours, { selected, hovered, line, lit }: Emphasis, styles: Styles): void {
  const { nodeColours, rings, edgeColours } = styles;
  for (let i = 0; i < scene.ids.length; i++) {
    const hue = colours.hues[hueOf(scene.kinds[i]!)]!;
    nodeColours[4 * i] = hue[0];
    nodeColours[4 * i + 1] = hue[1];
    nodeColours[4 * i + 2] = hue[2];
    nodeColours[4 * i + 3] = lit === null || lit.has(i) || i === hovered ? 255 : dim;
    rings[i] = i === selected || i === hovered ? 255 : 0;
  }
  // The more lines, the fainter each: the sum stays readable.
  const plain = Math.round(Math.max(28, Math.min(130, 130 * Math.sqrt(350 / Math.max(350, scene.widths.length)))));
  for (let e = 0; e < scene.widths.length; e++) {
    const a = scene.ends[2 * e]!;
    const b = scene.ends[2 * e + 1]!;
    const touches = a === selected || b === selected || a === hovered || b === hovered;
    const isBright = line >= 0 ? e === line : touches;
    const colour = e === line ? colours.accent : isBright ? colours.quietInk : colours.edge;
    edgeColours[4 * e] = colour[0];
    edgeColours[4 * e + 1] = colour[1];
    edgeColours[4 * e + 2] = colour[2];
    edgeColours[4 * e + 3] = e === line ? 255 : isBright ? 215 : lit === null || (lit.has(a) && lit.has(b)) ? plain : plain / 4;
  }
}
