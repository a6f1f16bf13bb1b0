import type { FileHandle } from 'node:fs/promises';
import { FormatError } from '../core/index.ts';

const stepBytes = 2 ** 30; // one call of the system reads less than 2 GiB

/** Reads exactly as many bytes as `into` has. @throws FormatError where the file ends before */
export const readInto = async (file: FileHandle, into: Uint8Array, from: number, where: string): Promise<void> => {
  for (let at = 0; at < into.length; ) {
    const { bytesRead } = await file.read(into, at, Math.min(into.length - at, stepBytes), from + at);
    if (bytesRead === 0) throw new FormatError(`${where}: expected ${into.length} bytes at ${from}, got ${at}; the file became shorter while it was read`);
    at += bytesRead;
  }
};
