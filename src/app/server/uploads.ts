import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';

export interface StoredUpload {
  readonly id: string;
  readonly name: string;
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** Files dropped on the page, kept in a folder of the workspace so that a document can still show its pages. */
export interface Uploads {
  /** Writes the bytes whole or not at all. Undefined where the folder already holds as much as it may. */
  add(name: string, body: ReadableStream<Uint8Array>): Promise<StoredUpload | undefined>;
  find(id: string): StoredUpload | undefined;
  findByHash(sha256: string): StoredUpload | undefined;
}

const mostFiles = 1000;
const mostBytes = 2 * 1024 ** 3;

/** A name that is safe as a file's name on any system; the extension stays. */
export const safeName = (name: string): string => {
  const plain = Array.from(basename(name.replaceAll('\\', '/')), (letter) => (letter < ' ' || '<>:"|?*/'.includes(letter) ? '_' : letter)).join('');
  const trimmed = plain.replace(/^\.+/, '').slice(-120);
  return trimmed || 'document';
};

export function createUploads(folder: string): Uploads {
  const files = new Map<string, StoredUpload>();
  let bytes = 0;
  return {
    async add(name, body) {
      if (files.size >= mostFiles || bytes >= mostBytes) return undefined;
      const id = randomUUID();
      const hash = createHash('sha256');
      let sizeBytes = 0;
      const count = new Transform({
        transform(chunk: Buffer, _encoding, done) {
          hash.update(chunk);
          sizeBytes += chunk.length;
          done(null, chunk);
        },
      });
      const home = join(folder, id);
      await mkdir(home, { recursive: true });
      const path = join(home, safeName(name));
      try {
        await pipeline(Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]), count, createWriteStream(`${path}.part`, { flush: true }));
        await rename(`${path}.part`, path);
      } catch (error) {
        await rm(home, { recursive: true, force: true });
        throw error;
      }
      bytes += sizeBytes;
      const stored = { id, name: safeName(name), path, sizeBytes, sha256: hash.digest('hex') };
      files.set(id, stored);
      return stored;
    },
    find: (id) => files.get(id),
    findByHash: (sha256) => [...files.values()].find((file) => file.sha256 === sha256),
  };
}
