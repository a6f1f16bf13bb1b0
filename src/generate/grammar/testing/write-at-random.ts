import { uniformAt } from '../../random.ts';
import type { Grammar } from '../grammar.ts';
import { openTokenMask } from '../token-mask.ts';
import { byteVocabulary, type MockVocabulary } from './mock-vocabulary.ts';

/** Random scores, those of text tokens raised by `wordy` (above 0: long answers). */
export const randomScores = ({ vocabulary, bytesOf }: MockVocabulary, seed: number, step: number, wordy: number): Float32Array =>
  Float32Array.from({ length: vocabulary.vocab }, (_, id) => {
    const first = bytesOf(id)[0];
    const plain = first !== undefined && first > 0x22 && first !== 0x5d && first !== 0x7d;
    return uniformAt(seed, step * vocabulary.vocab + id) + (plain ? wordy : 0);
  });

export interface Written {
  readonly text: string;
  readonly tokens: readonly number[];
  readonly ended: boolean;
}

/** Draws the best of random scores until an end token, or until there is no token left. */
export const writeAtRandom = (grammar: Grammar, mock: MockVocabulary, seed: number, limit: number): Written => {
  const mask = openTokenMask({ grammar, ...mock });
  mask.limit(limit);
  const tokens: number[] = [];
  const wordy = (seed % 4) / 8;
  while (tokens.length <= limit) {
    const scores = randomScores(mock, seed, tokens.length, wordy);
    mask.apply(scores);
    let best = -1;
    for (const [id, score] of scores.entries()) if (score > Number.NEGATIVE_INFINITY && (best < 0 || score > scores[best]!)) best = id;
    if (best < 0) throw new Error(`no token may follow ${textOf(mock, tokens)}`);
    mask.accept(best);
    if (mock.endIds.includes(best)) return { text: textOf(mock, tokens), tokens, ended: true };
    tokens.push(best);
  }
  return { text: textOf(mock, tokens), tokens, ended: false };
};

const textOf = ({ bytesOf }: MockVocabulary, tokens: readonly number[]): string =>
  new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(tokens.map(bytesOf)));

/** Whether a grammar has a text, written byte by byte. */
export const hasText = (grammar: Grammar, text: string): boolean => {
  const mask = openTokenMask({ grammar, ...byteVocabulary });
  try {
    for (const byte of new TextEncoder().encode(text)) mask.accept(byte + 1);
  } catch {
    return false;
  }
  return mask.complete;
};
