import { open } from 'node:fs/promises';
import { FormatError } from '../../core/index.ts';
import type { Archive } from './archive-contents.ts';
import { openTarball } from './tar-archive.ts';
import { openZip } from './zip-archive.ts';

export interface ArchiveLimits {
  readonly entries?: number;
  /** Most that may be unpacked to look through a tarball, and most that one file may be; default: the greater of 64 MiB and sixteen times the archive. */
  readonly unpackedBytes?: number;
  readonly signal?: AbortSignal;
}

const entriesLimit = 100_000;
const leastUnpackedBytes = 64 * 2 ** 20;
const unpackedRatio = 16;

/**
 * Opens a ZIP file (a Python wheel is one) or a gzipped tarball (an npm package), and looks through all names in it.
 *
 * @throws FormatError: another kind of file, damaged, over a limit (a bomb), a name that is absolute, climbs with `..` or comes twice, a link or a device · UnsupportedError: encrypted, ZIP64, packed by another method
 */
export const openArchive = async (path: string, limits: ArchiveLimits = {}): Promise<Archive> => {
  const { magic, sizeBytes } = await lookAt(path);
  const options = {
    entries: limits.entries ?? entriesLimit,
    unpackedBytes: limits.unpackedBytes ?? Math.max(leastUnpackedBytes, unpackedRatio * sizeBytes),
    ...(limits.signal && { signal: limits.signal }),
  };
  if (magic.startsWith('504b')) return await openZip(path, sizeBytes, options);
  if (magic.startsWith('1f8b')) return await openTarball(path, options);
  throw new FormatError(`archive ${path}: expected a ZIP file or a gzipped tarball, got bytes that begin with ${magic || 'nothing'}; fetch it again`);
};

const lookAt = async (path: string): Promise<{ magic: string; sizeBytes: number }> => {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return { magic: buffer.toString('hex', 0, bytesRead), sizeBytes: (await file.stat()).size };
  } finally {
    await file.close();
  }
};
