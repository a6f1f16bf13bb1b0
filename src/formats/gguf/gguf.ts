import { openToRead } from '../open-to-read.ts';
import { readInto } from '../read-into.ts';
import { WindowEnd } from './gguf-cursor.ts';
import { type GgufHeader, parseGguf } from './gguf-header.ts';

/** The head of a GGUF file. `readGgufTensor` and `readQuantisedGguf` read its weights. */
export interface GgufFile extends GgufHeader {
  readonly path: string;
  readonly sizeBytes: number;
}

const firstWindowBytes = 2 ** 20;

/**
 * Opens a GGUF file of version 2 or 3: reads and checks metadata and the table of tensors, no weights. Every limit is checked before memory is taken for it.
 *
 * @throws FormatError where the bytes are not what the format says: lengths beyond the file, a header over 64 MiB, more than 100 000 keys, tensors or nested arrays, a million items in an array,
 * a key or tensor twice, text that is not UTF-8, rows that are no whole blocks, tensors that overlap, are out of line or end beyond the file
 * · UnsupportedError for other versions, big-endian files and ggml types that are not known here
 */
export const openGguf = async (path: string): Promise<GgufFile> => {
  const where = `gguf ${path}`;
  const file = await openToRead(path, where);
  try {
    const { size } = await file.stat();
    for (let windowBytes = firstWindowBytes; ; ) {
      const bytes = new Uint8Array(Math.min(windowBytes, size));
      await readInto(file, bytes, 0, where);
      try {
        return { path, sizeBytes: size, ...parseGguf(bytes, size, where) };
      } catch (error) {
        if (!(error instanceof WindowEnd)) throw error;
        windowBytes = Math.max(4 * windowBytes, error.needBytes);
      }
    }
  } finally {
    await file.close();
  }
};
