import { FormatError } from '../../core/index.ts';

/** The vocabulary of a tokenizer.bin: SentencePiece byte pairs, where of two neighbours the pair with the highest score is merged first. Ids 0, 1 and 2 are unknown, begin and end. */
export interface Llama2cTokenizer {
  /** By id. A space stands where SentencePiece has "▁"; ids 1 and 2 are "<s>" and "</s>". */
  readonly pieces: readonly string[];
  readonly scores: Float32Array;
  /** Ids 3 to 258 are the 256 bytes, spelt "<0x00>" to "<0xFF>" whatever the file's exporter made of them. */
  readonly byteFallback: boolean;
}

const pieceBytesLimit = 1024;
const firstByteId = 3;

/** Most that a tokenizer of so many pieces may be, in bytes. */
export const tokenizerBytesLimit = (vocab: number): number => 4 + vocab * (8 + pieceBytesLimit);

/**
 * Parses a tokenizer.bin: int32 longest piece in bytes, then for each piece float32 score, int32 bytes, text.
 *
 * @param vocab  pieces that the model has; the file itself does not say
 * @throws FormatError where pieces are longer than they may be, are not UTF-8, have a score that is no number, or do not fill the bytes
 */
export const parseLlama2cTokenizer = (bytes: Uint8Array, vocab: number, where: string): Llama2cTokenizer => {
  const refuse = (expected: string, got: unknown): never => {
    throw new FormatError(`${where}: expected ${expected}, got ${String(got)}; it is damaged, cut short or belongs to another model`);
  };
  if (bytes.length < 4 + 8 * vocab) refuse(`${vocab} pieces in ${4 + 8 * vocab} bytes or more`, bytes.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const longest = view.getInt32(0, true);
  if (longest < 1 || longest > pieceBytesLimit) refuse(`a longest piece of 1 to ${pieceBytesLimit} bytes`, longest);
  const raw: Uint8Array[] = [];
  const scores = new Float32Array(vocab);
  let at = 4;
  for (let id = 0; id < vocab; id++) {
    if (bytes.length - at < 8) refuse(`piece ${id} of ${vocab} at byte ${at}`, `${bytes.length} bytes`);
    scores[id] = view.getFloat32(at, true);
    if (Number.isNaN(scores[id])) refuse(`a score for piece ${id}`, 'NaN');
    const length = view.getInt32(at + 4, true);
    if (length < 0 || length > longest) refuse(`0 to ${longest} bytes in piece ${id}`, length);
    if (bytes.length - at - 8 < length) refuse(`${length} bytes of piece ${id} at byte ${at + 8}`, `${bytes.length} bytes`);
    raw.push(bytes.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  if (at !== bytes.length) refuse(`${vocab} pieces to end with the ${bytes.length} bytes there are`, at);
  const byteFallback = vocab >= firstByteId + 256 && raw.slice(firstByteId, firstByteId + 256).every(isByte);
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const pieces = raw.map((piece, id) => {
    if (byteFallback && id >= firstByteId && id < firstByteId + 256) return spellByte(id - firstByteId);
    try {
      const text = decoder.decode(piece);
      return id === 1 || id === 2 ? text.trim() : text; // one exporter puts line breaks around
    } catch {
      return refuse(`piece ${id} in UTF-8`, 'other bytes');
    }
  });
  return { pieces, scores, byteFallback };
};

const spellByte = (byte: number): string => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;

/** Exporters write a byte by its name, as itself, or as the character of that number in UTF-8. */
const isByte = (piece: Uint8Array, byte: number): boolean => {
  const text = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
  return text.equals(Buffer.from(spellByte(byte))) || text.equals(Buffer.of(byte)) || text.equals(Buffer.from(String.fromCharCode(byte)));
};
