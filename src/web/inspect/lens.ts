import type { InspectLensRead } from '../state/types.ts';

type Likely = InspectLensRead['layers'][number]['places'][number]['top'];

/** One place of the grid: what the model would say there after so many blocks. */
export interface LensCell {
  readonly layer: number;
  readonly place: number;
  readonly top: Likely;
}

/** The cell of an address such as "12-3", layer and place; null where there is none. */
export function cellOf({ layers }: InspectLensRead, name: string): LensCell | null {
  const match = /^(\d{1,5})-(\d{1,6})$/.exec(name);
  if (!match) return null;
  const layer = layers.find((one) => one.layer === Number(match[1]));
  const found = layer?.places.find(({ place }) => place === Number(match[2]));
  return layer && found ? { layer: layer.layer, ...found } : null;
}
export const cellName = ({ layer, place }: Pick<LensCell, 'layer' | 'place'>): string => `${layer}-${place}`;

/** The cell to show first: the last token after the last block, which is what the model says. */
export function lastCell({ layers }: InspectLensRead): LensCell | null {
  const layer = layers.at(-1);
  const found = layer?.places.at(-1);
  return layer && found ? { layer: layer.layer, ...found } : null;
}

/** So many layers and places on, as far as there are any; rows and columns are those of the grid. */
export function moved({ layers }: InspectLensRead, { layer, place }: Pick<LensCell, 'layer' | 'place'>, down: number, right: number): LensCell | null {
  const row = layers.findIndex((one) => one.layer === layer);
  const next = layers[Math.min(layers.length - 1, Math.max(0, row + down))];
  if (!next) return null;
  const column = next.places.findIndex((one) => one.place === place);
  const found = next.places[Math.min(next.places.length - 1, Math.max(0, column + right))];
  return found ? { layer: next.layer, ...found } : null;
}

/** What the grid shows, in a sentence: from where on the last token's answer stays the same. */
export function lensFinding(read: InspectLensRead, word: (token: string) => string): string {
  const answer = lastCell(read)?.top[0];
  if (!answer) return 'Nothing was answered';
  const other = read.layers.findLastIndex(({ places }) => places.at(-1)?.top[0]?.id !== answer.id);
  return `It settles on “${word(answer.token)}” after block ${read.layers[other + 1]!.layer} of ${read.layers.at(-1)!.layer}`;
}
