import { colours, pictureFont } from './style.ts';

const channels = (hex: string): number[] => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
const light = (name: string): string => colours[name]?.[0] ?? '#000000';

const mixed = (one: string, percent: number, other: string): string => {
  const [a, b] = [channels(light(one)), channels(light(other))];
  return `#${a
    .map((value, i) =>
      Math.round((value * percent + b[i]! * (100 - percent)) / 100)
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')}`;
};

/** A picture of a report as a file of its own: the light colours written out, so that any program can show it. */
export const savedSvg = (svg: string): string =>
  svg
    .replace(/color-mix\(in srgb, var\(--([\w-]+)\) (\d+)%, var\(--([\w-]+)\)\)/g, (_, one: string, share: string, other: string) =>
      mixed(one, Number(share), other),
    )
    .replace(/var\(--([\w-]+)\)/g, (_, name: string) => light(name))
    .replace(/^<svg(?: xmlns="[^"]*")?/, `<svg xmlns="http://www.w3.org/2000/svg" font-family="${pictureFont.replaceAll('"', "'")}" font-size="12"`)
    .replace(/>/, '><rect width="100%" height="100%" fill="#ffffff"/>');
