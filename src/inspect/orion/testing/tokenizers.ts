import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { dataHome } from '../../../app/data-home.ts';
import { openCausalTokenizer, openGguf, tokenizerFromGguf } from '../../../formats/index.ts';
import { byteLevel, fixture, sentencePiece, withParts } from '../../../formats/testing/tokenizer-fixture.ts';
import type { Encoder } from '../first-token.ts';

/** Whole words, with the space in front, are tokens: no two answers ever share a first token, and none grows into one with its prompt. */
export const wordTokenizer = (): Encoder => {
  const ids = new Map<string, number>();
  const idOf = (piece: string): number => {
    const id = ids.get(piece) ?? ids.size;
    ids.set(piece, id);
    return id;
  };
  return { encode: (text) => (text.match(/ ?[\p{L}\p{N}]+|[^\p{L}\p{N}]/gu) ?? []).map(idOf) };
};

/** Tokenizers of a few hundred tokens: many answers share first tokens. */
export const tinyTokenizers = async (): Promise<Readonly<Record<string, Encoder>>> => ({
  bytes: await openCausalTokenizer(withParts(byteLevel, fixture.byteLevel.pipelines['smollm']!)),
  'bytes, tokens around': await openCausalTokenizer(withParts(byteLevel, fixture.byteLevel.pipelines['llama3']!)),
  pieces: await openCausalTokenizer(sentencePiece),
});

const cached = join(dataHome(), 'models', 'smollm2-135m-instruct', 'SmolLM2-135M-Instruct.Q4_1.gguf');
export const whyNoSmollm2: string | undefined = existsSync(cached)
  ? undefined
  : 'smollm2-135m-instruct is not among the local models; lyceum models pull smollm2-135m-instruct';

/** The tokenizer of the small chat model. */
export const smollm2Tokenizer = async (): Promise<Encoder> => {
  const file = await openGguf(cached);
  return tokenizerFromGguf(file.metadata);
};
