import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MadeEntry, packTar, packTarball, packZip, paxRecord } from '../testing/archive-files.ts';
import { openArchive } from './archive.ts';
import type { Archive } from './archive-contents.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lyceum-archive-'));
});
afterAll(() => rm(folder, { recursive: true }));

const place = () => join(folder, 'archive');
const open = async (bytes: Uint8Array, limits = {}): Promise<Archive> => {
  await writeFile(place(), bytes);
  return await openArchive(place(), limits);
};
const read = async (archive: Archive, name: string): Promise<Buffer> => Buffer.concat(await Array.fromAsync(archive.read(name)));
const noise = Uint8Array.from({ length: 200_000 }, (_, i) => (Math.imul(i, 2654435761) >>> 13) & 255);

describe.each([
  ['a ZIP file', packZip],
  ['a tarball', packTarball],
] as const)('%s', (_, pack) => {
  const good: MadeEntry[] = [
    { name: 'p/a.txt', data: 'first' },
    { name: 'p/weights.bin', data: noise },
    { name: 'p/empty', data: '' },
  ];

  it('gives its files, byte for byte', async () => {
    const archive = await open(pack(good));
    expect(archive.entries).toEqual([
      { name: 'p/a.txt', sizeBytes: 5 },
      { name: 'p/weights.bin', sizeBytes: noise.length },
      { name: 'p/empty', sizeBytes: 0 },
    ]);
    expect((await read(archive, 'p/weights.bin')).equals(noise)).toBe(true);
    expect((await read(archive, 'p/a.txt')).toString()).toBe('first');
    expect((await read(archive, 'p/empty')).length).toBe(0);
    await expect(read(archive, 'p/b.txt')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it.each(['../out', 'a/../../out', '/etc/passwd', 'C:/out', 'a\\..\\out', './a', 'a//..', 'a\nb', ''])('refuses the name %j', async (name) => {
    await expect(open(pack([...good, { name, data: 'x' }]))).rejects.toThrow(/expected paths that stay inside the archive, got /);
  });

  it('refuses a name that comes twice, and more names than the limit', async () => {
    await expect(open(pack([...good, good[0]!]))).rejects.toThrow(/expected every file once/);
    await expect(open(pack(good), { entries: 2 })).rejects.toThrow(/expected at most 2 files, got more/);
  });

  it('refuses a bomb before it is unpacked', async () => {
    const zeros = new Uint8Array(3_000_000);
    await expect(open(pack([{ name: 'zeros', data: zeros }]), { unpackedBytes: 2_000_000 })).rejects.toThrow(
      /expected at most 2000000 bytes when unpacked.*bomb/,
    );
  });

  it('refuses every truncation, and says so with FORMAT', async () => {
    const bytes = pack(good);
    for (const length of [0, 3, 30, 100, 700, bytes.length - 40, bytes.length - 1]) {
      await writeFile(place(), bytes);
      await truncate(place(), length);
      const outcome = openArchive(place()).then((archive) => read(archive, 'p/weights.bin'));
      await expect(outcome).rejects.toMatchObject({ code: 'FORMAT' });
    }
  });

  it('refuses or reads damage, and nothing else', async () => {
    const bytes = pack(good);
    for (let seed = 0; seed < 300; seed++) {
      const damaged = Buffer.from(bytes);
      damaged[(Math.imul(seed + 1, 2654435761) >>> 0) % damaged.length]! ^= 1 << (seed % 8);
      try {
        const archive = await open(damaged);
        for (const { name } of archive.entries) await read(archive, name);
      } catch (error) {
        expect((error as { code?: string }).code, `seed ${seed}: ${error}`).toMatch(/^(FORMAT|UNSUPPORTED|NOT_FOUND)$/);
      }
    }
  });
});

describe('a ZIP file', () => {
  it('with a link, or a device, is refused', async () => {
    for (const mode of [0o120777, 0o060644])
      await expect(open(packZip([{ name: 'a', data: '/etc/passwd', mode }]))).rejects.toThrow(/expected plain files, got "a", a link/);
  });

  it('that lies about sizes gives no byte more than it said', async () => {
    const archive = await open(packZip([{ name: 'a', data: noise, statedBytes: 1000 }]));
    let got = 0;
    await expect(
      (async () => {
        for await (const chunk of archive.read('a')) got += chunk.length;
      })(),
    ).rejects.toThrow(/expected 1000 bytes in "a", as its directory says, got more/);
    expect(got).toBeLessThanOrEqual(1000);
    await expect(read(await open(packZip([{ name: 'a', data: 'abc', statedBytes: 4 }])), 'a')).rejects.toThrow(/with their checksum, got damaged data/);
  });

  it('whose data belong to another name is refused; files that are not packed are read', async () => {
    await expect(read(await open(packZip([{ name: 'a', localName: 'b', data: 'x' }])), 'a')).rejects.toThrow(/got those of another file/);
    expect((await read(await open(packZip([{ name: 'a', data: noise, stored: true }])), 'a')).equals(noise)).toBe(true);
  });
});

describe('a tarball', () => {
  it.each(['1', '2', '3', '4', '6', 'S'])('with an entry of type %s is refused', async (type) => {
    await expect(open(packTarball([{ name: 'a', type }]))).rejects.toThrow(/expected plain files, got "a", a link or a device/);
  });

  it('takes long names from extended headers, and refuses those that climb', async () => {
    const long = `package/${'x'.repeat(150)}/weights.gguf`;
    const archive = await open(
      packTarball([
        { name: 'pax', type: 'x', data: paxRecord('path', long) },
        { name: 'cut', data: 'long' },
        { name: 'folder/', type: '5' },
      ]),
    );
    expect(archive.entries).toEqual([{ name: long, sizeBytes: 4 }]);
    expect((await read(archive, long)).toString()).toBe('long');
    const named = await open(
      packTarball([
        { name: '././@LongLink', type: 'L', data: `${long}\0` },
        { name: 'cut', data: 'long' },
      ]),
    );
    expect(named.entries[0]!.name).toBe(long);
    await expect(
      open(
        packTarball([
          { name: 'pax', type: 'x', data: paxRecord('path', '../../out') },
          { name: 'a', data: 'x' },
        ]),
      ),
    ).rejects.toThrow(/stay inside/);
  });

  it('that states more than it has, or packs a bomb behind its end, is refused', async () => {
    await expect(open(gzipSync(packTar([{ name: 'a', data: 'x', statedBytes: 10_000_000 }])), { unpackedBytes: 2 ** 24 })).rejects.toThrow(/cut short/);
    const bomb = gzipSync(Buffer.concat([packTar([{ name: 'a', data: 'x' }]).subarray(0, 1024), packTar([{ name: 'b', data: new Uint8Array(40_000_000) }])]));
    await expect(open(bomb, { unpackedBytes: 1_000_000 })).rejects.toThrow(/bomb/);
  });

  it('is one of two kinds of archive', async () => {
    await expect(open(Buffer.from('7z\xbc\xaf', 'latin1'))).rejects.toThrow(/expected a ZIP file or a gzipped tarball, got bytes that begin with 377a/);
  });
});
