// ZIP files and tarballs made for tests, right and wrong.
import { crc32, deflateRawSync, gzipSync } from 'node:zlib';

export interface MadeEntry {
  readonly name: string;
  readonly data?: Uint8Array | string;
  /** Of tarballs: '0' a file (default), '1' and '2' links, '3' a device, '5' a folder, 'x' an extended header. */
  readonly type?: string;
  /** Of ZIP files: the unix mode with the file's type; default a plain file. */
  readonly mode?: number;
  /** What the archive says of the size, where that is not the truth. */
  readonly statedBytes?: number;
  /** Of ZIP files: not packed. */
  readonly stored?: boolean;
  /** Of ZIP files: what stands before the data, where that is another name. */
  readonly localName?: string;
}

const bytesOf = (data: Uint8Array | string = ''): Buffer => Buffer.from(data as string);

export const packZip = (entries: readonly MadeEntry[]): Buffer => {
  const [chunks, directory]: [Buffer[], Buffer[]] = [[], []];
  let offset = 0;
  for (const { name, data, mode = 0o100644, statedBytes, stored = false, localName = name } of entries) {
    const plain = bytesOf(data);
    const packed = stored ? plain : deflateRawSync(plain);
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(20, 0);
    shared.writeUInt16LE(stored ? 0 : 8, 4);
    shared.writeUInt32LE(crc32(plain), 10);
    shared.writeUInt32LE(packed.length, 14);
    shared.writeUInt32LE(statedBytes ?? plain.length, 18);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), shared, Buffer.from(localName)]);
    local.writeUInt16LE(Buffer.byteLength(localName), 26);
    const entry = Buffer.alloc(46);
    entry.write('PK\x01\x02', 'latin1');
    shared.copy(entry, 6);
    entry.writeUInt16LE(Buffer.byteLength(name), 28);
    entry.writeUInt32LE(mode * 0x10000, 38);
    entry.writeUInt32LE(offset, 42);
    chunks.push(local, packed);
    directory.push(entry, Buffer.from(name));
    offset += local.length + packed.length;
  }
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(
    directory.reduce((sum, { length }) => sum + length, 0),
    12,
  );
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...chunks, ...directory, end]);
};

/** A tarball, not packed. */
export const packTar = (entries: readonly MadeEntry[]): Buffer => {
  const chunks: Buffer[] = [];
  for (const { name, data, type = '0', statedBytes } of entries) {
    const plain = bytesOf(data);
    const header = Buffer.alloc(512);
    header.write(name.slice(0, 100), 0);
    header.write('0000644\0', 100);
    header.write(`${(statedBytes ?? plain.length).toString(8).padStart(11, '0')}\0`, 124);
    header.write(type, 156, 'latin1');
    header.write('ustar\x0000', 257, 'latin1');
    header.fill(32, 148, 156);
    header.write(
      `${header
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, '0')}\0 `,
      148,
    );
    chunks.push(header, plain, Buffer.alloc((512 - (plain.length % 512)) % 512));
  }
  return Buffer.concat([...chunks, Buffer.alloc(1024)]);
};

export const packTarball = (entries: readonly MadeEntry[]): Buffer => gzipSync(packTar(entries));

/** A record of an extended header: its own length stands first. */
export const paxRecord = (key: string, value: string): string => {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + 1;
  while (`${length}`.length + rest.length !== length) length++;
  return `${length}${rest}`;
};
