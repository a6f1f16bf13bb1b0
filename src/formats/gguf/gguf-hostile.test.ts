import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LyceumError } from '../../core/index.ts';
import { openGguf } from '../index.ts';
import { damage, type Entry, ggufSample, type Made, type MadeTensor, openGgufBytes, type Parts, packGguf, raw, text, u32, u64 } from '../testing/gguf-files.ts';
import { WindowEnd } from './gguf-cursor.ts';
import { parseGguf } from './gguf-header.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lyceum-gguf-'));
});
afterAll(() => rm(folder, { recursive: true }));

const withField = ({ bytes, fields }: Made, index: number, value: bigint): Uint8Array => {
  const out = bytes.slice();
  new DataView(out.buffer).setBigUint64(fields[index]!, value, true);
  return out;
};

const withByte = ({ bytes }: Made, at: number, value: number): Uint8Array => {
  const out = bytes.slice();
  out[at] = value;
  return out;
};

describe('a hostile file is refused with a reason', () => {
  const one = (tensor: Partial<MadeTensor>, more: Parts = {}): Made =>
    packGguf({ tensors: [{ name: 'a', dims: [8], type: 0, offset: 0, ...tensor }], body: 64, ...more });
  const two = (first: Partial<MadeTensor>, second: Partial<MadeTensor>): Made =>
    packGguf({
      tensors: [
        { name: 'a', dims: [8], type: 0, offset: 0, ...first },
        { name: 'b', dims: [8], type: 0, offset: 32, ...second },
      ],
      body: 64,
    });
  const meta = (...metadata: Entry[]): Made => packGguf({ metadata });
  const nested = (depth: number) => Array.from({ length: depth }, () => [u32(9), u64(1)]).flat();
  it.each<[string, Made | Uint8Array, RegExp]>([
    ['an empty file', new Uint8Array(0), /4 bytes of magic at byte 0, got 0/],
    ['other bytes', new TextEncoder().encode('PK\x03\x04 and so on, a zip'), /begins with "GGUF"/],
    ['nothing behind the magic', Uint8Array.of(0x47, 0x47, 0x55, 0x46), /4 bytes of version/],
    ['version 1', packGguf({ version: 1 }), /version 2 or 3, got 1/],
    ['version 4', packGguf({ version: 4 }), /version 2 or 3, got 4/],
    ['big endian', packGguf({ version: 0x03000000 }), /little-endian file, got a big-endian one/],
    ['2^64 − 1 tensors', packGguf({ counts: [2n ** 64n - 1n, 0] }), /count of tensors of at most 100000, got 18446744073709551615/],
    ['more tensors than bytes', packGguf({ counts: [100_000, 0], body: 32 }), /room for 100000 tensors/],
    ['2^63 keys', packGguf({ counts: [0, 2n ** 63n] }), /count of metadata keys/],
    ['a million keys', packGguf({ counts: [0, 1_000_000] }), /at most 100000 metadata keys/],
    ['more keys than bytes', packGguf({ counts: [0, 90_000] }), /room for 90000 metadata entries/],
    ['a key beyond the file', withField(meta(['key', u32(4), u32(1)]), 3, 60_000n), /60000 bytes of key at byte 32, got 11/],
    ['a key of 2^32 bytes', withField(meta(['key', u32(4), u32(1)]), 3, 2n ** 32n), /length of key of at most 65535/],
    ['the same key twice', meta(['a', u32(4), u32(1)], ['a', u32(4), u32(2)]), /every key once, got "a"/],
    ['a key that is not UTF-8', withByte(meta(['key', u32(4), u32(1)]), 32, 0xff), /key in UTF-8/],
    ['a value of type 13', meta(['a', u32(13), u64(0)]), /value type of 0 to 12, got 13/],
    ['a boolean of 2', meta(['a', u32(7), raw(2)]), /boolean of 0 or 1, got 2/],
    ['text beyond the file', meta(['a', u32(8), u64(100), raw(65)]), /metadata "a": expected 100 bytes of text/],
    ['text of 2^64 − 1 bytes', meta(['a', u32(8), u64(2n ** 64n - 1n), raw(65)]), /length of text of at most 10000000/],
    ['an array of 2^61 numbers', meta(['a', u32(9), u32(4), u64(2n ** 61n)]), /count of items of at most 1000000/],
    ['an array of numbers beyond the file', meta(['a', u32(9), u32(10), u64(1000), u64(0)]), /8000 bytes of numbers/],
    ['an array of text beyond the file', meta(['a', u32(9), u32(8), u64(1_000_000), text('')]), /room for 1000000 items of 8 bytes/],
    ['an array of arrays beyond the file', meta(['a', u32(9), u32(9), u64(1_000_000), u32(4), u64(0)]), /room for 1000000 items of 12 bytes/],
    ['an array of type 13', meta(['a', u32(9), u32(13), u64(0)]), /item type of 0 to 12/],
    ['arrays in arrays in arrays', meta(['a', u32(9), ...nested(30), u32(4), u64(0)]), /nested at most 4 deep/],
    [
      'a great many arrays',
      meta(['a', u32(9), u32(9), u64(100_000), { raw: Array.from({ length: 100_000 }, () => [4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]).flat() }]),
      /at most 100000 arrays/,
    ],
    ['alignment 0', meta(['general.alignment', u32(4), u32(0)]), /power of two in uint32, got 0/],
    ['alignment 24', meta(['general.alignment', u32(4), u32(24)]), /power of two/],
    ['alignment in text', meta(['general.alignment', u32(8), text('32')]), /power of two in uint32, got "32"/],
    ['alignment in an array', meta(['general.alignment', u32(9), u32(4), u64(1), u32(32)]), /power of two/],
    ['alignment beyond the file', one({}, { metadata: [['general.alignment', u32(4), u32(2 ** 31)]] }), /its end within the file's/],
    ['five axes', one({ dims: [2, 2, 2, 1, 1] }), /at most 4 axes, got 5/],
    ['an axis of 2^63', one({ dims: [2n ** 63n] }), /length of an axis of at most/],
    ['a product that wraps to 0', one({ dims: [2 ** 32, 2 ** 32] }), /bytes stay below 2\^53/],
    ['a product that wraps behind four axes', one({ dims: [2 ** 31, 2 ** 31, 2, 2] }), /bytes stay below 2\^53/],
    ['a product hidden by a zero', one({ dims: [2 ** 40, 2 ** 40, 0] }), /bytes stay below 2\^53/],
    ['ggml type 4, given up', one({ type: 4 }), /ggml type that is known here, got number 4/],
    ['ggml type 2^32 − 1', one({ type: 2 ** 32 - 1 }), /got number 4294967295/],
    ['half a block', one({ dims: [48], type: 8 }), /rows of whole blocks of 32 for Q8_0, got \[48\]/],
    ['whole blocks, but not in a row', one({ dims: [16, 2], type: 8 }), /rows of whole blocks/],
    ['a tensor beyond the file', one({ dims: [17] }), /its end within the file's 128 bytes, got 132/],
    ['an offset beyond the file', one({ offset: 2 ** 40 }), /its end within/],
    ['an offset of 2^64 − 32', one({ offset: 2n ** 64n - 32n }), /offset of at most/],
    ['an offset out of line', one({ offset: 4 }), /multiple of 32, got 4/],
    ['the same tensor twice', two({}, { name: 'a' }), /every tensor once, got "a"/],
    ['tensors in one place', two({}, { offset: 0 }), /its beginning at byte 128 or later, where another ends, got 96/],
    ['tensors that overlap', two({ dims: [9] }, {}), /where another ends/],
    ['no weights', one({}, { body: 0 }), /its end within/],
  ])('%s', async (_, made, message) => {
    const path = join(folder, 'hostile.gguf');
    await writeFile(path, made instanceof Uint8Array ? made : made.bytes);
    const error = await openGguf(path).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(LyceumError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toMatch(/internal/);
  });

  it('a header that goes on for ever is given up', () => {
    const start = packGguf({ metadata: [['a', u32(4), u32(1)]], counts: [0, 90_000] }).bytes;
    expect(() => parseGguf(start, 2 ** 40, 'here')).toThrow(WindowEnd);
    const long = new Uint8Array(2 ** 26 + 24);
    long.set(packGguf({ counts: [0, 8] }).bytes);
    const view = new DataView(long.buffer);
    for (let i = 0, at = 24; at < long.length - 21; i++) {
      view.setBigUint64(at, 1n, true);
      long[at + 8] = 65 + i;
      view.setUint32(at + 9, 8, true);
      view.setBigUint64(at + 13, 9_999_999n, true);
      at += 21 + 9_999_999;
    }
    expect(() => parseGguf(long, 2 ** 40, 'here')).toThrow(/a header of at most 67108864 bytes/);
  });

  it('or read, but never a crash or a hang: damaged files', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const error = await openGgufBytes(folder, damage(ggufSample, seed)).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        if (error !== undefined) expect(error).toBeInstanceOf(LyceumError);
      }),
      { numRuns: 300 },
    );
  });
});
