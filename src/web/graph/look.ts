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

/** A colour as one number, its bytes in the order red, green, blue. */
const wordOf = ([red, green, blue]: Colour): number => red | (green << 8) | (blue << 16);
const words = (bytes: Uint8Array): Uint32Array => new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);

/** Fills `styles` in place: kind gives the hue, emphasis the strength. */
export function paintStyles(scene: Scene, colours: Colours, { selected, hovered, line, lit }: Emphasis, styles: Styles): void {
  const { hues, ends, widths } = scene;
  const { rings } = styles;
  const [nodeColours, edgeColours] = [words(styles.nodeColours), words(styles.edgeColours)];
  const hueWords = colours.hues.map(wordOf);
  const [accent, quiet, plainEdge] = [wordOf(colours.accent), wordOf(colours.quietInk), wordOf(colours.edge)];

  const all = lit === null ? 255 : dim;
  for (let i = 0; i < hues.length; i++) nodeColours[i] = hueWords[hues[i]!]! | (all << 24);
  const brighten = (node: number): void => {
    if (node >= 0) nodeColours[node] = hueWords[hues[node]!]! | (255 << 24);
  };
  lit?.forEach(brighten);
  brighten(hovered);
  rings.fill(0);
  for (const node of [selected, hovered]) if (node >= 0) rings[node] = 255;

  // The more lines, the fainter each: the sum stays readable.
  const plain = Math.round(Math.max(28, Math.min(130, 130 * Math.sqrt(350 / Math.max(350, widths.length)))));
  const [between, apart] = [plainEdge | (plain << 24), plainEdge | ((plain >> 2) << 24)];
  edgeColours.fill(lit === null ? between : apart);
  const touched = (node: number): Iterable<number> => (node >= 0 ? (scene.lines[node] ?? []) : []);
  for (const node of lit ?? []) for (const each of touched(node)) if (lit?.has(ends[2 * each]!) && lit.has(ends[2 * each + 1]!)) edgeColours[each] = between;
  if (line >= 0) edgeColours[line] = accent | (255 << 24);
  else for (const node of [selected, hovered]) for (const each of touched(node)) edgeColours[each] = quiet | (215 << 24);
}
