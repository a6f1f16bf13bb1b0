import { type BlockFormat, halfAt } from './gguf-blocks.ts';

// IQ2_XXS: eight values are one of 256 points that the format lists, times signs. The list is part of the format, as the order of bits is; here two bits a coordinate, two bytes a point.
const packedPoints = [
  'AAACAAUACAAKABEAFAAgACIAKAAqAEEARABQAFgAYQBkAIAAggCKAKIAAQEEARABFQFAAYQBmAEAAgICIgKCAgEEBAQQBCEEJARABEIESARgBIEEhASQBKQEAAUCBQgFIAVGBWkFgAWRBQkGEAZABoQGpAYACAUI',
  'CAgUCCgIQQhECFAIUgiICAQJQAkCChQKARAEEBAQIRBAEGAQhBCQEJUQABEIESARUBFaEYARJBJFEgAUCBQgFCUUSRSAFBgVYhUAFhYWARgEGBAYQBiBGAAZBRmgGVEaACACIAogRCBhIIAggiApIUghACICIgEk',
  'BCQQJEAkViQAJUElZCWQJggoICiUKEQqAUAEQBBAGEAhQCRAQEBIQFZAYECBQIRAkEAAQSBBYUGAQYVBAUIQQkhCVkJoQgBECEQgRIBEmUQSRSRFAEYBSARIEEhASEVIAElYSWFJgklFSpBKAFAIUBFQGVAgUIBQ',
  'iFAEUUJRpFGRUpBUklQKVQFWVFYAWBFYGVhkWEBZCFoEYBBgQGBoYABhVWEYYmBiAGQFZBBlEmWEZUJoAIACgAqAQYCCgASBGIFAgRGCAYQEhBCEFYRAhGCEAIVGhZSFCYZAhmCGAogEiRGKBJAQkCSQQJChkBaR',
  'gJFFkgCUIpRElFGVgZggmQKgUKCFoAmhAKIYpFCoBKk=',
].join('');
const levels = [8, 25, 43];

let points: Int8Array | undefined; // [256, 8]

const unpackPoints = (): Int8Array => {
  const packed = Buffer.from(packedPoints, 'base64');
  return Int8Array.from({ length: 256 * 8 }, (_, i) => levels[(packed[i >> 2]! >> ((i & 3) * 2)) & 3]!);
};

/** Every sign of eight from the seven that are stored: the number of minuses is even. */
const allSigns = (seven: number): number => {
  let parity = seven ^ (seven >> 4);
  parity ^= parity >> 2;
  return seven | (((parity ^ (parity >> 1)) & 1) << 7);
};

export const codebookFormats: { readonly IQ2_XXS: BlockFormat } = {
  IQ2_XXS: {
    groupValues: 32,
    bits: 7,
    hasMinimums: false,
    unpack: (bytes, at, block, { codes, scales }) => {
      points ??= unpackPoints();
      const scale = halfAt(bytes, at);
      for (let group = 0; group < 8; group++) {
        const from = at + 2 + group * 8; // four numbers of points, then four times seven signs and four bits of scale
        const rest = bytes[from + 4]! | (bytes[from + 5]! << 8) | (bytes[from + 6]! << 16) | (bytes[from + 7]! << 24);
        scales[block * 8 + group] = scale * (0.5 + (rest >>> 28)) * 0.25;
        for (let point = 0; point < 4; point++) {
          const signs = allSigns((rest >>> (7 * point)) & 127);
          const to = block * 256 + group * 32 + point * 8;
          for (let i = 0; i < 8; i++) {
            const value = points[bytes[from + point]! * 8 + i]!;
            codes[to + i] = (signs >> i) & 1 ? -value : value;
          }
        }
      }
    },
  },
};
