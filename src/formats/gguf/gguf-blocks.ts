import { widenFloat16 } from '../half.ts';

/** Where blocks are unpacked to: block b lies at b × values in `codes`, at b × groups in `scales` and `minimums`. A value is scale × code + minimum, each step rounded to float32. */
export interface Unpacked {
  readonly codes: Int8Array;
  readonly scales: Float32Array;
  /** Empty where the format has none. */
  readonly minimums: Float32Array;
}

export interface BlockFormat {
  /** Values that share a scale. */
  readonly groupValues: number;
  /** Of a code: 0 to 2^bits − 1 with minimums, else −2^(bits − 1) to 2^(bits − 1) − 1. */
  readonly bits: number;
  readonly hasMinimums: boolean;
  readonly unpack: (bytes: Uint8Array, at: number, block: number, into: Unpacked) => void;
}

let halves: Float32Array | undefined; // every float16 there is

/** The float16 at a byte offset. */
export const halfAt = (bytes: Uint8Array, at: number): number => {
  halves ??= widenFloat16(Uint16Array.from({ length: 65536 }, (_, bits) => bits));
  return halves[bytes[at]! | (bytes[at + 1]! << 8)]!;
};

/** 32 codes of 4 bits, or of 5 whose highest lie apart: low halves of 16 bytes first, then the high halves. */
const nibbles = (hasMinimums: boolean, hasFifth: boolean): BlockFormat => ({
  groupValues: 32,
  bits: hasFifth ? 5 : 4,
  hasMinimums,
  unpack: (bytes, at, block, { codes, scales, minimums }) => {
    scales[block] = halfAt(bytes, at);
    if (hasMinimums) minimums[block] = halfAt(bytes, at + 2);
    const high = at + (hasMinimums ? 4 : 2);
    const low = high + (hasFifth ? 4 : 0);
    const zero = hasMinimums ? 0 : hasFifth ? 16 : 8;
    const to = block * 32;
    for (let i = 0; i < 16; i++) {
      const byte = bytes[low + i]!;
      const first = hasFifth ? (bytes[high + (i >> 3)]! >> (i & 7)) & 1 : 0;
      const second = hasFifth ? (bytes[high + 2 + (i >> 3)]! >> (i & 7)) & 1 : 0;
      codes[to + i] = (byte & 15) + 16 * first - zero;
      codes[to + 16 + i] = (byte >> 4) + 16 * second - zero;
    }
  },
});

const bytes8: BlockFormat = {
  groupValues: 32,
  bits: 8,
  hasMinimums: false,
  unpack: (bytes, at, block, { codes, scales }) => {
    scales[block] = halfAt(bytes, at);
    for (let i = 0; i < 32; i++) codes[block * 32 + i] = bytes[at + 2 + i]!; // wraps to a sign
  },
};

/** Formats of blocks of 32 values: one float16 scale each, Q4_1 and Q5_1 one float16 minimum. */
export const blockFormats = {
  Q4_0: nibbles(false, false),
  Q4_1: nibbles(true, false),
  Q5_0: nibbles(false, true),
  Q5_1: nibbles(true, true),
  Q8_0: bytes8,
};
