/** Blocks of a quantised type as scripts/make-gguf-hashes.py makes them: random bytes, and in place of each float16 one of the scales. */
export const randomBlocks = (
  seed: number,
  { blocks, blockBytes, offsets, scales, first }: { blocks: number; blockBytes: number; offsets: readonly number[]; scales: readonly number[]; first: number },
): Uint8Array => {
  const bytes = Uint8Array.from({ length: blocks * blockBytes }, (_, i) => highByte((i + Math.imul(seed, 0x9e3779b1)) >>> 0));
  const view = new DataView(bytes.buffer);
  for (let block = 0; block < blocks; block++)
    for (const [at, offset] of offsets.entries())
      view.setUint16(block * blockBytes + offset, scales[at === 0 ? first : (first + block) % scales.length]!, true);
  return bytes;
};

/** Of the hash of a counter: the finaliser of murmur3. */
const highByte = (counter: number): number => {
  let x = counter;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 24;
};
