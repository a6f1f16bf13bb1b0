import { LoadError } from './document.ts';

const magic: readonly (readonly [string, readonly number[]])[] = [
  ['a PDF', [0x25, 0x50, 0x44, 0x46, 0x2d]],
  ['a ZIP or Office file', [0x50, 0x4b, 0x03, 0x04]],
  ['a gzip file', [0x1f, 0x8b]],
  ['a PNG image', [0x89, 0x50, 0x4e, 0x47]],
  ['a JPEG image', [0xff, 0xd8, 0xff]],
  ['a program', [0x7f, 0x45, 0x4c, 0x46]],
  ['a Windows program', [0x4d, 0x5a, 0x90]],
];

const startsWith = (bytes: Uint8Array, prefix: readonly number[]) => prefix.every((byte, i) => bytes[i] === byte);

/** What the first bytes say a file is, when they say so clearly. */
export const knownAs = (bytes: Uint8Array): string | undefined => magic.find(([, prefix]) => startsWith(bytes, prefix))?.[0];

/** The encoding that a byte order mark announces. */
export const markedEncoding = (bytes: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' | undefined =>
  startsWith(bytes, [0xef, 0xbb, 0xbf]) ? 'utf-8' : startsWith(bytes, [0xff, 0xfe]) ? 'utf-16le' : startsWith(bytes, [0xfe, 0xff]) ? 'utf-16be' : undefined;

const firstInvalid = (bytes: Uint8Array): number => {
  let [low, high] = [0, bytes.length];
  // The longest prefix that decodes as a stream (a sequence cut at the end is no fault yet).
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, middle), { stream: true });
      low = middle;
    } catch {
      high = middle - 1;
    }
  }
  return low;
};

/**
 * Text from bytes that claim to be text: UTF-8, or UTF-16 with a byte order mark.
 *
 * @throws LoadError BINARY for bytes that are no text, ENCODING for bytes in another encoding
 */
export const decodeText = (bytes: Uint8Array): string => {
  const what = knownAs(bytes);
  if (what) throw new LoadError('BINARY', `expected text, got ${what}; give the file its right ending`);
  const encoding = markedEncoding(bytes) ?? 'utf-8';
  if (encoding === 'utf-8') {
    const sample = bytes.subarray(0, 65_536);
    const zeros = sample.reduce((count, byte) => count + (byte === 0 ? 1 : 0), 0);
    const strange = sample.reduce((count, byte) => count + (byte < 32 && byte !== 9 && byte !== 10 && byte !== 12 && byte !== 13 && byte !== 27 ? 1 : 0), 0);
    if (zeros > 0 || strange > sample.length / 50)
      throw new LoadError(
        'BINARY',
        `expected text, got binary data (${zeros} zero bytes among the first ${sample.length}); if it is UTF-16 without a byte order mark, save it as UTF-8`,
      );
  }
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    if (encoding !== 'utf-8')
      throw new LoadError('ENCODING', `expected ${encoding.toUpperCase()} as its byte order mark says, got an unpaired or cut character; save it as UTF-8`, {
        cause,
      });
    const at = firstInvalid(bytes);
    throw new LoadError(
      'ENCODING',
      `expected UTF-8, got byte 0x${bytes[at]?.toString(16).padStart(2, '0') ?? '00'} at position ${at}; convert it, for example with: iconv -f LATIN1 -t UTF-8`,
      { cause },
    );
  }
};
