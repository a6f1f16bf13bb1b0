import { ConfigError } from '../../core/index.ts';

/** Ascending whole numbers as text: the gaps between them, seven bits a byte and the eighth where more follow (LEB128), in base64. One in a hundred costs about a byte and a third each. */
export const placesText = (places: Iterable<number>): string => {
  const bytes: number[] = [];
  let before = -1;
  for (const place of places) {
    let gap = place - before - 1;
    before = place;
    for (; gap >= 0x80; gap = Math.floor(gap / 0x80)) bytes.push((gap % 0x80) | 0x80);
    bytes.push(gap);
  }
  return Buffer.from(bytes).toString('base64');
};

/** Numbers that `placesText` wrote. @throws ConfigError for any other text */
export const placesOf = (where: string, text: string): Float64Array => {
  const wrong = () =>
    new ConfigError(`${where}: expected places as placesText writes them, got ${JSON.stringify(text.slice(0, 20))}; take them from fisherEntries`);
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length === 0 || bytes.toString('base64') !== text) throw wrong();
  const places: number[] = [];
  let [before, gap, factor] = [-1, 0, 1];
  for (const byte of bytes) {
    gap += (byte & 0x7f) * factor;
    factor *= 0x80;
    if (gap > Number.MAX_SAFE_INTEGER - 1 - before) throw wrong();
    if (byte & 0x80) continue;
    before += gap + 1;
    places.push(before);
    [gap, factor] = [0, 1];
  }
  if (factor !== 1) throw wrong();
  return Float64Array.from(places);
};
