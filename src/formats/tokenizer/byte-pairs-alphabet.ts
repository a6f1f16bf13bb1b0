// A byte is spelt as its Latin-1 character where that can be seen, else as the next character from U+0100 on.
const letters = ((): readonly string[] => {
  let next = 0x100;
  const seen = (byte: number) => (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(seen(byte) ? byte : next++));
})();
const byteOf = new Map(letters.map((letter, byte) => [letter.charCodeAt(0), byte]));

/** Bytes as byte-level BPE spells them: one character a byte, none of them white space. */
export const spellBytes = (bytes: Uint8Array): string => {
  let spelt = '';
  for (const byte of bytes) spelt += letters[byte]!;
  return spelt;
};

/** The bytes that a token of byte-level BPE spells; undefined where a character of it stands for none. */
export const unspellBytes = (token: string): Uint8Array | undefined => {
  const bytes = new Uint8Array(token.length);
  for (let i = 0; i < token.length; i++) {
    const byte = byteOf.get(token.charCodeAt(i));
    if (byte === undefined) return undefined;
    bytes[i] = byte;
  }
  return bytes;
};
