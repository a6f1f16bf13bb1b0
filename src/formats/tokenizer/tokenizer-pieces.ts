import { FormatError } from '../../core/index.ts';
import type { Llama2cTokenizer } from '../llama2c/llama2c-tokenizer.ts';
import { scoredPieces } from './sentence-piece.ts';
import type { AddedToken } from './tokenizer-added.ts';
import { assembleTokenizer, type CausalTokenizer } from './tokenizer-causal.ts';
import { pieceBytes } from './tokenizer-ends.ts';
import { makeSplitter } from './tokenizer-splitter.ts';
import { prepend, replaceAll } from './tokenizer-trace.ts';

/** SentencePiece's kinds of pieces, by the numbers that its files and GGUF give them. */
export const pieceType = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

interface TypedPiece {
  readonly text: string;
  readonly score: number;
  readonly type: number;
}

/** A SentencePiece BPE model as a tokenizer. Byte pieces are spelt `<0x0A>`. @throws FormatError for a score that is no number */
export const assemblePieces = (
  pieces: readonly TypedPiece[],
  options: {
    readonly where: string;
    /** How pieces spell a space. */
    readonly mark: string;
    /** A space is put before every stretch of text. */
    readonly spacePrefix: boolean;
    readonly unknown: number;
    readonly before: readonly number[];
    readonly after: readonly number[];
    readonly bos: number | undefined;
    readonly eos: readonly number[];
  },
): CausalTokenizer => {
  const { where, mark, spacePrefix, unknown } = options;
  const bytes: (number | undefined)[] = [];
  const added: AddedToken[] = [];
  const normal: { text: string; id: number; score: number }[] = [];
  for (const [id, { text, score, type }] of pieces.entries()) {
    const byte = type === pieceType.byte ? /^<0x([0-9A-F]{2})>$/i.exec(text)?.[1] : undefined;
    if (byte !== undefined) bytes[Number.parseInt(byte, 16)] = id;
    else if (type === pieceType.normal) normal.push({ text, id, score });
    else if (type !== pieceType.unused && text !== '')
      added.push({
        id,
        content: type === pieceType.userDefined ? text.replaceAll(mark, ' ') : text,
        special: type !== pieceType.userDefined,
        lstrip: false,
        rstrip: false,
        normalized: false,
        single_word: false,
      });
  }
  return assembleTokenizer({
    where,
    tokens: pieces.map(({ text }) => text),
    added,
    normalise: (traced, start) => {
      const marked = mark === ' ' ? traced : replaceAll(traced, ' ', () => mark);
      return spacePrefix && marked.text !== '' ? prepend(marked, mark, start) : marked;
    },
    splitter: makeSplitter(undefined, where),
    model: scoredPieces(normal, { bytes: bytes.length > 0 ? bytes : undefined, unknown }, where),
    before: options.before,
    after: options.after,
    bytesOf: pieceBytes({ mark, byteFallback: true }),
    stripFirstSpace: spacePrefix,
    bos: options.bos,
    eos: options.eos,
  });
};

/**
 * The tokenizer of llama2.c: Llama's pieces with spaces written out, ids 0 unknown, 1 begin, 2 end, then the bytes if there are any. Ids equal SentencePiece's, and llama2.c's own where no character is
 * spelt by two pieces.
 *
 * @throws FormatError for fewer pieces than these, or not a score for each
 */
export const tokenizerFromPieces = ({ pieces, scores, byteFallback }: Llama2cTokenizer, where = 'llama2.c tokenizer'): CausalTokenizer => {
  const [unknown, bos, eos, firstByte] = [0, 1, 2, 3];
  const others = firstByte + (byteFallback ? 256 : 0);
  if (pieces.length < others || scores.length !== pieces.length)
    throw new FormatError(`${where}: expected at least ${others} pieces and a score for each, got ${pieces.length} and ${scores.length}; fetch it again`);
  const typeOf = (id: number): number => {
    if (id === unknown) return pieceType.unknown;
    if (id === bos || id === eos) return pieceType.control;
    return id < others ? pieceType.byte : pieceType.normal;
  };
  return assemblePieces(
    pieces.map((text, id) => ({ text, score: scores[id]!, type: typeOf(id) })),
    { where, mark: ' ', spacePrefix: true, unknown, before: [bos], after: [], bos, eos: [eos] },
  );
};
