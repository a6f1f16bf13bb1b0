// As much of the ZIP format as an Office file needs: read with every byte counted while it is unpacked, and write without compression.
import { crc32, inflateRawSync } from 'node:zlib';
import { LoadError } from './document.ts';

const endOfDirectory = 0x06054b50;
const directoryEntry = 0x02014b50;
const localEntry = 0x04034b50;

const damaged = (what: string, cause?: unknown) =>
  new LoadError(
    'FORMAT',
    `expected a whole ZIP (Office) file, got ${what}; open it in its program and save it again`,
    cause === undefined ? undefined : { cause },
  );

/**
 * The parts of a ZIP file whose names `wanted` accepts. No size that the file states is believed.
 *
 * @throws LoadError TOO_LARGE when the parts together exceed `inflatedBytes`, ENCRYPTED, FORMAT
 */
export const readZip = (bytes: Buffer, wanted: (name: string) => boolean, inflatedBytes: number): Map<string, Buffer> => {
  let end = bytes.length - 22;
  while (end >= 0 && end > bytes.length - 22 - 65_536 && bytes.readUInt32LE(end) !== endOfDirectory) end--;
  if (end < 0 || bytes.readUInt32LE(end) !== endOfDirectory) throw damaged('a file without its directory (cut short?)');
  const count = bytes.readUInt16LE(end + 10);
  let at = bytes.readUInt32LE(end + 16);
  if (count === 0xffff || at === 0xffffffff)
    throw new LoadError('UNSUPPORTED', 'expected an Office file below 4 GiB, got a ZIP64 file; save it again with fewer pictures');
  const parts = new Map<string, Buffer>();
  let total = 0;
  for (let i = 0; i < count; i++) {
    if (at + 46 > bytes.length || bytes.readUInt32LE(at) !== directoryEntry) throw damaged(`a directory that breaks off at entry ${i + 1} of ${count}`);
    const [flags, method] = [bytes.readUInt16LE(at + 8), bytes.readUInt16LE(at + 10)];
    const packed = bytes.readUInt32LE(at + 20);
    const nameLength = bytes.readUInt16LE(at + 28);
    const local = bytes.readUInt32LE(at + 42);
    const name = bytes.toString('utf8', at + 46, at + 46 + nameLength);
    at += 46 + nameLength + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
    if (!wanted(name)) continue;
    if (parts.has(name)) throw damaged(`two parts named ${name}`);
    if (flags & 1) throw new LoadError('ENCRYPTED', `expected a file without password, got an encrypted part ${name}; save it without password`);
    if (local + 30 > bytes.length || bytes.readUInt32LE(local) !== localEntry) throw damaged(`no data for ${name}`);
    const from = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    if (from + packed > bytes.length) throw damaged(`data of ${name} that reach beyond the end`);
    const data = bytes.subarray(from, from + packed);
    let part: Buffer;
    try {
      if (method !== 0 && method !== 8)
        throw new LoadError('UNSUPPORTED', `expected parts packed by deflate, got method ${method} for ${name}; save the file again`);
      part = method === 0 ? data : inflateRawSync(data, { maxOutputLength: Math.max(1, inflatedBytes - total) });
    } catch (cause) {
      if (cause instanceof LoadError) throw cause;
      if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
        throw new LoadError('TOO_LARGE', `expected at most ${inflatedBytes} bytes when unpacked, got more (a ZIP bomb?); if the file is honest, split it`, {
          cause,
        });
      throw damaged(`damaged data for ${name}`, cause);
    }
    total += part.length;
    if (total > inflatedBytes) throw new LoadError('TOO_LARGE', `expected at most ${inflatedBytes} bytes when unpacked, got more; split the file`);
    parts.set(name, part);
  }
  return parts;
};

/** A ZIP file of uncompressed parts; the same parts give the same bytes. */
export const writeZip = (parts: ReadonlyMap<string, Uint8Array>): Buffer => {
  const chunks: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, data] of parts) {
    const nameBytes = Buffer.from(name, 'utf8');
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(20, 0); // version
    shared.writeUInt16LE(0x0800, 2); // names are UTF-8
    shared.writeUInt16LE(0x21, 8); // 1 January 1980
    shared.writeUInt32LE(crc32(data), 10);
    shared.writeUInt32LE(data.length, 14);
    shared.writeUInt32LE(data.length, 18);
    shared.writeUInt16LE(nameBytes.length, 22);
    const signature = Buffer.alloc(4);
    signature.writeUInt32LE(localEntry);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(directoryEntry, 0);
    entry.writeUInt16LE(20, 4);
    shared.copy(entry, 6, 0, 26);
    entry.writeUInt32LE(offset, 42);
    chunks.push(signature, shared, nameBytes, Buffer.from(data));
    directory.push(entry, nameBytes);
    offset += 30 + nameBytes.length + data.length;
  }
  const size = directory.reduce((sum, chunk) => sum + chunk.length, 0);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(endOfDirectory, 0);
  end.writeUInt16LE(parts.size, 8);
  end.writeUInt16LE(parts.size, 10);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...chunks, ...directory, end]);
};
