import { writeWhole } from '../formats/index.ts';
import { fileError } from './file-error.ts';

/** Writes a file that the user named, whole or not at all; what was there before stays until then. Errors: as `fileError` tells them. */
export async function writeOutput(path: string, chunks: Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>): Promise<void> {
  try {
    await writeWhole(path, bytesOf(chunks));
  } catch (error) {
    throw fileError(error, path);
  }
}

async function* bytesOf(chunks: Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
}
