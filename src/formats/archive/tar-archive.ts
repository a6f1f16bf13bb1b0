import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { missing, nameKeeper, refuse, type UnpackLimits } from './archive-checks.ts';
import type { Archive, ArchiveEntry } from './archive-contents.ts';

/** Opens a gzipped tarball; looking through it unpacks it once, within the limit. Errors: see `openArchive`. */
export const openTarball = async (path: string, limits: UnpackLimits): Promise<Archive> => {
  const entries: ArchiveEntry[] = [];
  const keep = nameKeeper(path, limits);
  for await (const { name, sizeBytes } of walk(path, limits)) {
    keep(name);
    if (sizeBytes !== undefined) entries.push({ name, sizeBytes });
  }
  return {
    entries,
    async *read(name) {
      for await (const file of walk(path, limits))
        if (file.name === name && file.sizeBytes !== undefined) {
          yield* file.data();
          return;
        }
      throw missing(path, name);
    },
  };
};

interface TarFile {
  readonly name: string;
  /** Undefined for a folder. */
  readonly sizeBytes: number | undefined;
  /** To be read before the walk goes on, or not at all. */
  data(): AsyncGenerator<Uint8Array>;
}

const blockBytes = 512;
const extraLimit = 2 ** 20;

async function* walk(path: string, limits: UnpackLimits): AsyncGenerator<TarFile> {
  const stream = bytesOf(path, limits);
  const source = reader(stream, path);
  // What extended headers say of the next file: its name and size where they do not fit the plain header.
  let extra: { name?: string; sizeBytes?: number } = {};
  try {
    for (;;) {
      const header = await source.take(blockBytes);
      if (header.every((byte) => byte === 0)) return await source.drain();
      const { name, sizeBytes, type } = parseHeader(header, path);
      if (type === 'x' || type === 'g' || type === 'L' || type === 'K') {
        if (sizeBytes > extraLimit) throw refuse(path, `extended headers of at most ${extraLimit} bytes`, `${sizeBytes}`);
        const bytes = await source.take(sizeBytes);
        await source.skip(padding(sizeBytes));
        if (type === 'x') extra = { ...extra, ...readPax(bytes, path) };
        if (type === 'L') extra = { ...extra, name: textOf(bytes) };
        continue;
      }
      const full = extra.name ?? name;
      const length = extra.sizeBytes ?? sizeBytes;
      extra = {};
      const shown = JSON.stringify(full.slice(0, 200));
      if (type === '5') {
        yield { name: full, sizeBytes: undefined, async *data() {} };
        continue;
      }
      if (type !== '0' && type !== '\0' && type !== '7') throw refuse(path, 'plain files', `${shown}, a link or a device`);
      if (length > limits.unpackedBytes) throw refuse(path, `at most ${limits.unpackedBytes} bytes when unpacked`, `${length} in ${shown} (an archive bomb?)`);
      let left = length;
      const data = async function* () {
        while (left > 0) {
          const chunk = await source.some(left);
          left -= chunk.length;
          yield chunk;
        }
      };
      yield { name: full, sizeBytes: length, data };
      await source.skip(left + padding(length));
    }
  } finally {
    await stream.return(undefined);
  }
}

const padding = (sizeBytes: number): number => (blockBytes - (sizeBytes % blockBytes)) % blockBytes;

const textOf = (bytes: Buffer): string => {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
};

const parseHeader = (header: Buffer, path: string): { name: string; sizeBytes: number; type: string } => {
  let sum = 8 * 32;
  for (const [i, byte] of header.entries()) if (i < 148 || i >= 156) sum += byte;
  if (octal(header.subarray(148, 156)) !== sum) throw refuse(path, 'a tarball with sound headers', 'one whose checksum does not fit');
  // Sizes over 8 GiB stand in binary, after a byte of 128.
  const field = header.subarray(124, 136);
  const sizeBytes = field[0] === 0x80 ? Number(field.readBigUInt64BE(4)) : octal(field);
  if (!Number.isSafeInteger(sizeBytes)) throw refuse(path, 'sizes that are numbers', JSON.stringify(field.toString('latin1')));
  const prefix = header.toString('latin1', 257, 262) === 'ustar' ? textOf(header.subarray(345, 500)) : '';
  const name = textOf(header.subarray(0, 100));
  return { name: prefix === '' ? name : `${prefix}/${name}`, sizeBytes, type: String.fromCharCode(header[156]!) };
};

const octal = (bytes: Buffer): number => {
  const digits = bytes
    .toString('latin1')
    .replace(/[\0 ]+$/, '')
    .trim();
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN;
};

/** Records `length key=value\n`, of which name and size matter here. */
const readPax = (bytes: Buffer, path: string): { name?: string; sizeBytes?: number } => {
  const found: { name?: string; sizeBytes?: number } = {};
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(32, at);
    const length = Number(bytes.toString('latin1', at, Math.max(space, at)));
    const equals = bytes.indexOf(61, space);
    if (space < 0 || !Number.isInteger(length) || length < 5 || at + length > bytes.length || equals < 0 || equals >= at + length)
      throw refuse(path, 'extended headers of keys and values', 'other bytes');
    const key = bytes.toString('utf8', space + 1, equals);
    const value = bytes.toString('utf8', equals + 1, at + length - 1);
    if (key === 'path') found.name = value;
    if (key === 'size') {
      if (!/^\d{1,15}$/.test(value)) throw refuse(path, 'sizes that are numbers', JSON.stringify(value.slice(0, 40)));
      found.sizeBytes = Number(value);
    }
    at += length;
  }
  return found;
};

/** What is unpacked of the file, counted. */
async function* bytesOf(path: string, { unpackedBytes, signal }: UnpackLimits): AsyncGenerator<Buffer> {
  const packed = createReadStream(path, signal && { signal });
  const unpacked = pipeline(packed, createGunzip(), () => {}); // an error of either comes out of the loop below
  // Headers and padding come on top of what the files may be.
  const limit = unpackedBytes + 2 ** 24;
  let done = 0;
  try {
    for await (const chunk of unpacked) {
      done += (chunk as Buffer).length;
      if (done > limit) throw refuse(path, `at most ${unpackedBytes} bytes when unpacked`, 'more (an archive bomb?)');
      yield chunk as Buffer;
    }
  } catch (error) {
    if (/^Z_/.test((error as NodeJS.ErrnoException).code ?? '')) throw refuse(path, 'data packed by gzip', (error as Error).message);
    throw error;
  } finally {
    unpacked.destroy();
    packed.destroy();
  }
}

/** Takes bytes from a stream of chunks; a stream that ends too early is refused. */
const reader = (chunks: AsyncIterator<Buffer>, path: string) => {
  let rest: Buffer = Buffer.alloc(0);
  /** Between one byte and `most`. */
  const some = async (most: number): Promise<Buffer> => {
    while (rest.length === 0) {
      const { value, done } = await chunks.next();
      if (done) throw refuse(path, 'a whole tarball', 'one that is cut short');
      rest = value as Buffer;
    }
    const taken = rest.subarray(0, most);
    rest = rest.subarray(taken.length);
    return taken;
  };
  return {
    some,
    async take(count: number): Promise<Buffer> {
      const parts: Buffer[] = [];
      for (let left = count; left > 0; left -= parts.at(-1)!.length) parts.push(await some(left));
      return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    },
    /** To the end, where gzip's checksum stands. */
    async drain(): Promise<void> {
      while (!(await chunks.next()).done);
    },
    async skip(count: number): Promise<void> {
      for (let left = count; left > 0; ) left -= (await some(left)).length;
    },
  };
};
