// The fixture of tokenizers for models that continue text, unpacked.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

interface Pipeline {
  /** What stands in place of the base tokenizer's own parts. */
  readonly parts: { readonly model?: object; readonly added_tokens?: readonly object[] };
  readonly ids: string;
  readonly ends?: string;
  readonly decoded?: string;
}
export interface TokenizerJson {
  readonly model: { readonly vocab: Readonly<Record<string, number>>; readonly merges: readonly (readonly [string, string])[] };
  readonly added_tokens: readonly object[];
}
interface Packed {
  readonly lines: string;
  readonly byteLevel: { readonly tokenizer: string; readonly pipelines: Readonly<Record<string, Pipeline>> };
  readonly sentencePiece: {
    readonly tokenizer: string;
    readonly scores: readonly number[];
    readonly pipelines: Readonly<Record<string, Pipeline>>;
    readonly sentencepiece: string;
    readonly llama2c: string;
  };
  readonly smollm2: { readonly ids: string; readonly ends: string };
  readonly gemma3: { readonly ids: string };
  readonly llama2c: { readonly ids: string };
}

const unpack = <T>(packed: string): T => JSON.parse(gunzipSync(Buffer.from(packed, 'base64')).toString()) as T;

export const fixture: Packed = JSON.parse(readFileSync(new URL('../fixtures/causal-tokenizers.json', import.meta.url), 'utf8'));
export const lines: readonly string[] = unpack(fixture.lines);
export const byteLevel: TokenizerJson = unpack(fixture.byteLevel.tokenizer);
export const sentencePiece: TokenizerJson = unpack(fixture.sentencePiece.tokenizer);

/** The base tokenizer with a pipeline's parts. */
export const withParts = (base: TokenizerJson, { parts }: Pipeline): object => ({
  ...base,
  ...parts,
  model: { ...base.model, ...parts.model },
  added_tokens: [...base.added_tokens, ...(parts.added_tokens ?? [])],
});

/** Tokens by id. */
export const tokensOf = ({ model }: TokenizerJson): string[] => {
  const tokens: string[] = [];
  for (const [token, id] of Object.entries(model.vocab)) tokens[id] = token;
  return tokens;
};

/** Lines of which `find` gives something else than the reference, whose hashes are given; those that `passed` refuses are left out. */
export const different = (hashes: string, find: (line: string) => Iterable<number>, passed: (line: string) => boolean = () => true): string[] => {
  const expected = Buffer.from(hashes, 'base64');
  return lines.filter((line, i) => {
    const found = createHash('sha256')
      .update(new Uint8Array(Int32Array.from(find(line)).buffer))
      .digest();
    return passed(line) && found.readUInt16LE(0) !== expected.readUInt16LE(2 * i);
  });
};

const few = ({ model, ...rest }: TokenizerJson, parts: object, keep: number) => {
  const vocab = Object.fromEntries(Object.entries(model.vocab).filter(([, id]) => id < keep));
  return { ...rest, ...parts, model: { ...model, vocab, merges: model.merges.filter(([left, right]) => Object.hasOwn(vocab, left + right)).slice(0, 3) } };
};
/** Tokenizers of a few tokens, to be damaged: two byte-level ones with other pipelines, and one as SentencePiece makes them. */
export const smallTokenizers = [
  few(byteLevel, fixture.byteLevel.pipelines['llama3']!.parts, 40),
  few(byteLevel, fixture.byteLevel.pipelines['normalised']!.parts, 40),
  few(sentencePiece, {}, 20),
];
