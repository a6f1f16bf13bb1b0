// The control model's tokenizer: bytes, and words with the space in front. Merges only ever lengthen what began with a space, so letters of random strings stay apart.

/** The printable character that stands for a byte in byte-level tokenizers. */
const letterOf = (byte: number): string => {
  const isPlain = (b: number): boolean => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
  if (isPlain(byte)) return String.fromCodePoint(byte);
  const before = Array.from({ length: byte }, (_, b) => b).filter((b) => !isPlain(b)).length;
  return String.fromCodePoint(256 + before);
};

const space = letterOf(32);
const endOfText = '<|endoftext|>';

/** A `tokenizer.json` in which every word of the texts that a space precedes is one token. */
export const controlTokenizer = (texts: readonly string[]): Record<string, unknown> & { readonly size: number } => {
  const words = [...new Set(texts.flatMap((text) => text.match(/(?<= )[A-Za-z]+/g) ?? []))].sort();
  const pieces = new Set<string>();
  const merges: string[] = [];
  for (const word of words)
    for (let end = 1; end <= word.length; end++) {
      const piece = space + word.slice(0, end);
      if (pieces.has(piece)) continue;
      pieces.add(piece);
      merges.push(`${space}${word.slice(0, end - 1)} ${word[end - 1]}`);
    }
  const vocab = [...Array.from({ length: 256 }, (_, byte) => letterOf(byte)), ...pieces];
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  return {
    size: vocab.length + 1,
    version: '1.0',
    added_tokens: [{ id: vocab.length, content: endOfText, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true }],
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: { ...byteLevel, add_prefix_space: true },
    model: { type: 'BPE', vocab: Object.fromEntries(vocab.map((piece, id) => [piece, id])), merges },
  };
};
