import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { SegmentEncoder } from '../../src/guard/index.ts';

const batch = 256;

/** Vectors of texts by text, each text embedded once. With a file, vectors are kept there between runs (JSON lines of texts beside raw float32). */
export const openVectors = async (encoder: SegmentEncoder, file: string | undefined) => {
  const known = new Map<string, Float32Array>();
  if (file && existsSync(`${file}.json`)) {
    const texts = JSON.parse(readFileSync(`${file}.json`, 'utf8')) as string[];
    const bytes = readFileSync(`${file}.f32`);
    const values = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
    const width = values.length / Math.max(1, texts.length);
    for (const [i, text] of texts.entries()) known.set(text, values.slice(i * width, (i + 1) * width));
  }
  const save = (): void => {
    if (!file) return;
    writeFileSync(`${file}.json`, JSON.stringify([...known.keys()]));
    const all = [...known.values()];
    const values = new Float32Array(all.length * (all[0]?.length ?? 0));
    for (const [i, vector] of all.entries()) values.set(vector, i * vector.length);
    writeFileSync(`${file}.f32`, new Uint8Array(values.buffer));
  };
  return {
    /** Embeds those of the texts that are new. */
    async add(texts: Iterable<string>): Promise<void> {
      const fresh = [...new Set(texts)].filter((text) => !known.has(text)).sort((a, b) => a.length - b.length);
      for (let from = 0; from < fresh.length; from += batch) {
        const part = fresh.slice(from, from + batch);
        for (const [i, vector] of (await encoder.embed(part)).entries()) known.set(part[i]!, vector);
        process.stderr.write(`\rembedded ${Math.min(fresh.length, from + batch)} of ${fresh.length} texts`);
        if ((from / batch) % 8 === 7) save();
      }
      if (fresh.length > 0) {
        process.stderr.write('\n');
        save();
      }
    },
    of: (text: string): Float32Array => known.get(text)!,
  };
};
