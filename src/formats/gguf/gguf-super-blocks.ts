import { type BlockFormat, halfAt } from './gguf-blocks.ts';

// Blocks of 256 values ("K-quants"): a float16 scale for the block, small whole-number scales for groups of 16 or 32. Scale × group scale is exact in float32: 11 and at most 8 bits.

const values = 256;

/** Q4_K and Q5_K: 8 groups of 32; 6-bit scales and minimums share 12 bytes; the low nibbles of 32 bytes are one group, the high ones the next. */
const withMinimums = (hasFifth: boolean): BlockFormat => ({
  groupValues: 32,
  bits: hasFifth ? 5 : 4,
  hasMinimums: true,
  unpack: (bytes, at, block, { codes, scales, minimums }) => {
    const scale = halfAt(bytes, at);
    const least = halfAt(bytes, at + 2);
    const packed = at + 4;
    const fifth = at + 16;
    const low = hasFifth ? fifth + 32 : fifth;
    for (let group = 0; group < 8; group++) {
      const i = packed + (group & 3);
      const lower = group < 4;
      const groupScale = lower ? bytes[i]! & 63 : (bytes[i + 8]! & 15) | ((bytes[i]! >> 6) << 4);
      const groupLeast = lower ? bytes[i + 4]! & 63 : (bytes[i + 8]! >> 4) | ((bytes[i + 4]! >> 6) << 4);
      scales[block * 8 + group] = scale * groupScale;
      minimums[block * 8 + group] = -(least * groupLeast);
      const from = low + (group >> 1) * 32;
      const shift = (group & 1) * 4;
      const to = block * values + group * 32;
      for (let j = 0; j < 32; j++) {
        const high = hasFifth ? (bytes[fifth + j]! >> group) & 1 : 0;
        codes[to + j] = ((bytes[from + j]! >> shift) & 15) | (high << 4);
      }
    }
  },
});

const q6: BlockFormat = {
  groupValues: 16,
  bits: 6,
  hasMinimums: false,
  unpack: (bytes, at, block, { codes, scales }) => {
    const scale = halfAt(bytes, at + 208);
    for (let group = 0; group < 16; group++) scales[block * 16 + group] = scale * ((bytes[at + 192 + group]! << 24) >> 24);
    for (let run = 0; run < 8; run++) {
      const half = run >> 2; // of the block: 64 bytes of low nibbles, 32 bytes of pairs of bits
      const quarter = run & 3;
      const low = at + half * 64 + (quarter & 1) * 32;
      const high = at + 128 + half * 32;
      const to = block * values + run * 32;
      for (let j = 0; j < 32; j++) codes[to + j] = (((bytes[low + j]! >> ((quarter >> 1) * 4)) & 15) | (((bytes[high + j]! >> (quarter * 2)) & 3) << 4)) - 32;
    }
  },
};

/** Pairs of bits, as Q2_K and Q3_K keep them: 32 bytes hold four runs of 32. */
const unpackPairs = (bytes: Uint8Array, at: number, to: number, codes: Int8Array): void => {
  for (let run = 0; run < 8; run++) {
    const from = at + (run >> 2) * 32;
    const shift = (run & 3) * 2;
    for (let j = 0; j < 32; j++) codes[to + run * 32 + j] = (bytes[from + j]! >> shift) & 3;
  }
};

const q2: BlockFormat = {
  groupValues: 16,
  bits: 2,
  hasMinimums: true,
  unpack: (bytes, at, block, { codes, scales, minimums }) => {
    const scale = halfAt(bytes, at + 80);
    const least = halfAt(bytes, at + 82);
    for (let group = 0; group < 16; group++) {
      scales[block * 16 + group] = scale * (bytes[at + group]! & 15);
      minimums[block * 16 + group] = -(least * (bytes[at + group]! >> 4));
    }
    unpackPairs(bytes, at + 16, block * values, codes);
  },
};

const q3: BlockFormat = {
  groupValues: 16,
  bits: 3,
  hasMinimums: false,
  unpack: (bytes, at, block, { codes, scales }) => {
    const scale = halfAt(bytes, at + 108);
    for (let group = 0; group < 16; group++) {
      const low = bytes[at + 96 + (group & 7)]! >> ((group >> 3) * 4);
      const high = bytes[at + 104 + (group & 3)]! >> ((group >> 2) * 2);
      scales[block * 16 + group] = scale * (((low & 15) | ((high & 3) << 4)) - 32);
    }
    const to = block * values;
    unpackPairs(bytes, at + 32, to, codes);
    // The third bit stands for 4 and is kept upside down.
    for (let i = 0; i < values; i++) if (((bytes[at + (i & 31)]! >> (i >> 5)) & 1) === 0) codes[to + i] = codes[to + i]! - 4;
  },
};

export const superBlockFormats = { Q2_K: q2, Q3_K: q3, Q4_K: withMinimums(false), Q5_K: withMinimums(true), Q6_K: q6 };
