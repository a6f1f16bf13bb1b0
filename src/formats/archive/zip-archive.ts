import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { crc32, createInflateRaw } from 'node:zlib';
import { UnsupportedError } from '../../core/index.ts';
import { missing, nameKeeper, refuse, type UnpackLimits } from './archive-checks.ts';
import type { Archive } from './archive-contents.ts';

interface ZipEntry {
  readonly name: string;
  readonly sizeBytes: number;
  readonly packedBytes: number;
  readonly stored: boolean;
  readonly crc: number;
  /** Of the local header, from the start of the file. */
  readonly offset: number;
}

const endOfDirectory = 0x06054b50;
const directoryEntry = 0x02014b50;
const localEntry = 0x04034b50;
const directoryLimit = 64 * 2 ** 20;

/** Opens a ZIP file by its directory; no data are unpacked until they are asked for. Errors: see `openArchive`. */
export const openZip = async (path: string, fileBytes: number, limits: UnpackLimits): Promise<Archive> => {
  const file = await open(path, 'r');
  let entries: ReadonlyMap<string, ZipEntry>;
  try {
    entries = readDirectory(await directoryOf(file, path, fileBytes), path, limits);
  } finally {
    await file.close();
  }
  return {
    entries: [...entries.values()].map(({ name, sizeBytes }) => ({ name, sizeBytes })),
    async *read(name) {
      const entry = entries.get(name);
      if (!entry) throw missing(path, name);
      yield* unpack(path, entry, fileBytes, limits);
    },
  };
};

const readAt = async (file: FileHandle, at: number, length: number): Promise<Buffer> => {
  const bytes = Buffer.alloc(length);
  let have = 0;
  while (have < length) {
    const { bytesRead } = await file.read(bytes, have, length - have, at + have);
    if (bytesRead === 0) break;
    have += bytesRead;
  }
  return bytes.subarray(0, have);
};

const directoryOf = async (file: FileHandle, path: string, fileBytes: number): Promise<{ bytes: Buffer; count: number }> => {
  const tail = await readAt(file, Math.max(0, fileBytes - 22 - 65_535), Math.min(fileBytes, 22 + 65_535));
  let end = tail.length - 22;
  while (end >= 0 && tail.readUInt32LE(end) !== endOfDirectory) end--;
  if (end < 0) throw refuse(path, 'a ZIP file with its directory', 'none (cut short?)');
  const count = tail.readUInt16LE(end + 10);
  const [sizeBytes, from] = [tail.readUInt32LE(end + 12), tail.readUInt32LE(end + 16)];
  if (count === 0xffff || sizeBytes === 0xffffffff || from === 0xffffffff)
    throw new UnsupportedError(`archive ${path}: expected a ZIP file below 4 GiB, got ZIP64; take the model from another source`);
  if (from + sizeBytes > fileBytes || sizeBytes > directoryLimit) throw refuse(path, 'a directory within the file', `one of ${sizeBytes} bytes at ${from}`);
  return { bytes: await readAt(file, from, sizeBytes), count };
};

const readDirectory = ({ bytes, count }: { bytes: Buffer; count: number }, path: string, limits: UnpackLimits): ReadonlyMap<string, ZipEntry> => {
  const keep = nameKeeper(path, limits);
  const entries = new Map<string, ZipEntry>();
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + 46 > bytes.length || bytes.readUInt32LE(at) !== directoryEntry) throw refuse(path, `${count} files in its directory`, `${i}`);
    const [flags, method] = [bytes.readUInt16LE(at + 8), bytes.readUInt16LE(at + 10)];
    const nameLength = bytes.readUInt16LE(at + 28);
    const name = bytes.toString('utf8', at + 46, at + 46 + nameLength);
    const entry = {
      name,
      stored: method === 0,
      crc: bytes.readUInt32LE(at + 16),
      packedBytes: bytes.readUInt32LE(at + 20),
      sizeBytes: bytes.readUInt32LE(at + 24),
      offset: bytes.readUInt32LE(at + 42),
    };
    const unixType = (bytes.readUInt32LE(at + 38) >>> 16) & 0o170000; // 0 where the writer says nothing
    at += 46 + nameLength + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
    const shown = JSON.stringify(name.slice(0, 200));
    keep(name);
    if (unixType !== 0 && unixType !== 0o100000 && unixType !== 0o040000) throw refuse(path, 'plain files', `${shown}, a link or a device`);
    if (name.endsWith('/')) continue;
    if (flags & 1) throw new UnsupportedError(`archive ${path}: expected a file without password, got ${shown} encrypted; take the model from another source`);
    if (method !== 0 && method !== 8)
      throw new UnsupportedError(`archive ${path}: expected files packed by deflate, got method ${method} for ${shown}; take the model from another source`);
    if (entry.sizeBytes > limits.unpackedBytes)
      throw refuse(path, `at most ${limits.unpackedBytes} bytes when unpacked`, `${entry.sizeBytes} in ${shown} (an archive bomb?)`);
    entries.set(name, entry);
  }
  return entries;
};

async function* unpack(path: string, entry: ZipEntry, fileBytes: number, { signal }: UnpackLimits): AsyncGenerator<Uint8Array> {
  const shown = JSON.stringify(entry.name.slice(0, 200));
  const from = await dataOf(path, entry, shown);
  const end = from + entry.packedBytes;
  if (end > fileBytes) throw refuse(path, `data of ${shown} within the file`, `their end at ${end}`);
  let [done, crc] = [0, 0];
  if (entry.packedBytes > 0)
    for await (const chunk of chunksOf(path, from, end, entry.stored, signal)) {
      done += chunk.length;
      if (done > entry.sizeBytes) throw refuse(path, `${entry.sizeBytes} bytes in ${shown}, as its directory says`, 'more (an archive bomb?)');
      crc = crc32(chunk, crc);
      yield chunk;
    }
  if (done !== entry.sizeBytes || crc !== entry.crc) throw refuse(path, `${entry.sizeBytes} bytes of ${shown} with their checksum`, 'damaged data');
}

/** Where the data begin: behind a local header, which must speak of the same file. */
const dataOf = async (path: string, { name, offset }: ZipEntry, shown: string): Promise<number> => {
  const file = await open(path, 'r');
  try {
    const header = await readAt(file, offset, 30);
    if (header.length < 30 || header.readUInt32LE(0) !== localEntry) throw refuse(path, `data of ${shown}`, 'none where its directory says');
    const nameLength = header.readUInt16LE(26);
    if ((await readAt(file, offset + 30, nameLength)).toString('utf8') !== name) throw refuse(path, `data of ${shown}`, 'those of another file');
    return offset + 30 + nameLength + header.readUInt16LE(28);
  } finally {
    await file.close();
  }
};

async function* chunksOf(path: string, from: number, end: number, stored: boolean, signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
  const packed = createReadStream(path, { start: from, end: end - 1, ...(signal && { signal }) });
  const unpacked = stored ? packed : pipeline(packed, createInflateRaw(), () => {}); // an error of either comes out of the loop below
  try {
    for await (const chunk of unpacked) yield chunk as Buffer;
  } catch (error) {
    if (/^Z_/.test((error as NodeJS.ErrnoException).code ?? '')) throw refuse(path, 'data packed by deflate', (error as Error).message);
    throw error;
  } finally {
    unpacked.destroy();
    packed.destroy();
  }
}
