import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';

interface HashOptions {
  readonly signal?: AbortSignal;
  /** Told after each piece: bytes read so far. */
  readonly onBytes?: (done: number) => void;
}

/** SHA-256 of a file, in hexadecimal. */
export const sha256OfFile = (path: string, options: HashOptions = {}): Promise<string> => digest(path, createHash('sha256'), options);

/** The id that git gives to a file of `sizeBytes`, in hexadecimal: SHA-1 of its length and its bytes. */
export const gitIdOfFile = (path: string, sizeBytes: number, options: HashOptions = {}): Promise<string> =>
  digest(path, createHash('sha1').update(`blob ${sizeBytes}\0`), options);

const digest = async (path: string, hash: Hash, { signal, onBytes }: HashOptions): Promise<string> => {
  let done = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20, ...(signal && { signal }) })) {
    hash.update(chunk as Buffer);
    done += (chunk as Buffer).length;
    onBytes?.(done);
  }
  return hash.digest('hex');
};
