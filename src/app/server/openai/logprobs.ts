import type { TextToken } from '../../language-model/index.ts';

const spell = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
// JSON has no -Infinity; OpenAI writes this.
const finite = (logprob: number): number => Math.max(logprob, -9999);

const entry = (bytes: Uint8Array = new Uint8Array(), logprob = 0) => ({ token: spell(bytes), logprob: finite(logprob), bytes: [...bytes] });

/** `logprobs` of a choice of a chat. */
export const chatLogprobs = (tokens: readonly TextToken[]) => ({
  content: tokens.map(({ bytes, logprob, candidates = [] }) => ({
    ...entry(bytes, logprob),
    top_logprobs: candidates.map((one) => entry(one.bytes, one.logprob)),
  })),
  refusal: null,
});

/** Characters that tokens write, each by itself. */
export const spelledLength = (tokens: readonly TextToken[]): number => tokens.reduce((sum, { bytes = new Uint8Array() }) => sum + spell(bytes).length, 0);

/** `logprobs` of a choice of a completion; `offset` is where its first token begins in the text. */
export const completionLogprobs = (tokens: readonly TextToken[], offset: number) => {
  let at = offset;
  const offsets = tokens.map(({ bytes = new Uint8Array() }) => {
    const begin = at;
    at += spell(bytes).length;
    return begin;
  });
  return {
    tokens: tokens.map(({ bytes = new Uint8Array() }) => spell(bytes)),
    token_logprobs: tokens.map(({ logprob = 0 }) => finite(logprob)),
    top_logprobs: tokens.map(({ candidates = [] }) => Object.fromEntries(candidates.map(({ bytes, logprob }) => [spell(bytes), finite(logprob)]))),
    text_offset: offsets,
  };
};
