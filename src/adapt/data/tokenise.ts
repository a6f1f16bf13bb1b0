import { setImmediate } from 'node:timers/promises';
import { ConfigError, UnsupportedError } from '../../core/index.ts';
import { cutText } from './cut-text.ts';
import { type Conversing, type Learnt, type Spoken, speak } from './render-conversation.ts';
import type { ConversationSample, PreferenceSample, Sample, TextSample } from './sample.ts';

/** A sample as a model sees it. */
export interface TokenText {
  readonly id: string;
  /** Number of the sample's kind; −1: none. */
  readonly kind: number;
  readonly ids: readonly number[];
  /** Which tokens are learnt, each from those before it; never the first. */
  readonly answer: readonly boolean[];
  /** It is not learnt: of the tokens that would be, the model is to go on saying what it said before. */
  readonly keep?: boolean;
  /** Of a pair: the better answer or the other. */
  readonly side?: 'chosen' | 'rejected';
}

/** Two answers to one prompt, with one id. */
export interface TokenPair {
  readonly chosen: TokenText;
  readonly rejected: TokenText;
}

export interface TokeniseOptions extends Conversing {
  /** Most tokens of a sample, end token included. */
  readonly length: number;
  /** What is done with longer ones: `cut` takes tokens from the left of the prompt and cuts texts into several; `refuse` leaves the sample out. Both are counted. Default `cut`. */
  readonly tooLong?: 'cut' | 'refuse';
  /** Which answers of a conversation are learnt. Default `all`. */
  readonly answers?: Learnt;
  /** Numbers of kinds by name: see `numberKinds`. Default: no sample has one. */
  readonly kinds?: ReadonlyMap<string, number>;
  /** Samples so far, every few dozen. */
  readonly onProgress?: (done: number, of: number) => void;
  readonly signal?: AbortSignal;
}

export interface TokenisedSamples {
  readonly texts: readonly TokenText[];
  /** Of preference samples. */
  readonly pairs: readonly TokenPair[];
  /** Ids of samples that were cut. */
  readonly cut: readonly string[];
  /** Samples left out. */
  readonly refused: readonly { readonly id: string; readonly reason: string }[];
}

/** Numbers of kinds: a name that is a whole number is that number, the others are counted from 0 in the order of their names. @throws ConfigError where both sorts are mixed */
export const numberKinds = (names: Iterable<string>): Map<string, number> => {
  const sorted = [...new Set(names)].sort();
  const numeric = sorted.filter((name) => /^\d{1,6}$/.test(name));
  if (numeric.length === 0) return new Map(sorted.map((name, i) => [name, i]));
  if (numeric.length < sorted.length)
    throw new ConfigError(`kinds: expected all names or all numbers, got ${sorted.slice(0, 6).join(', ')}; write the kinds in one way`);
  return new Map(sorted.map((name) => [name, Number(name)]));
};

/**
 * Samples as tokens, with what is learnt of each: answers only, their end tokens included; of a plain text all, and its end unless it goes on in another sample. Conversations are written as `speak` says, so that
 * tokens are those the model sees at use. An answer's end is never cut: where answer and a single token before it do not fit, the sample is refused.
 *
 * @throws ConfigError where `length` is below 16 · FormatError where the template is none · the signal's reason
 */
export const tokenise = async (samples: readonly Sample[], options: TokeniseOptions): Promise<TokenisedSamples> => {
  if (!(Number.isInteger(options.length) && options.length >= 16))
    throw new ConfigError(`tokenise: expected a length of at least 16 tokens, got ${options.length}; take longer samples`);
  const texts: TokenText[] = [];
  const pairs: TokenPair[] = [];
  const cut: string[] = [];
  const refused: { id: string; reason: string }[] = [];
  for (const [done, sample] of samples.entries()) {
    if (done % pace === 0) {
      await setImmediate(); // others have their turn, a cancellation too
      options.signal?.throwIfAborted();
      options.onProgress?.(done, samples.length);
    }
    const made = await refusing(() => (sample.shape === 'text' ? ofText(sample, options) : ofAnswers(sample, options)));
    if ('reason' in made) {
      refused.push({ id: sample.id, reason: made.reason });
      continue;
    }
    const kind = sample.kind === undefined ? -1 : (options.kinds?.get(sample.kind) ?? -1);
    const named = made.parts.map((part, i) => ({
      id: made.parts.length === 1 || sample.shape === 'preference' ? sample.id : `${sample.id}/${i + 1}`,
      kind,
      ...part,
    }));
    if (made.cut) cut.push(sample.id);
    if (sample.shape === 'preference') pairs.push({ chosen: { ...named[0]!, side: 'chosen' }, rejected: { ...named[1]!, side: 'rejected' } });
    else texts.push(...named);
  }
  return { texts, pairs, cut, refused };
};

const pace = 32;

interface Made {
  readonly parts: readonly Spoken[];
  readonly cut: boolean;
}
type Refused = { readonly reason: string };

/** What a template or a tokenizer does not take is the sample's fault. */
const refusing = async (work: () => Promise<Made | Refused>): Promise<Made | Refused> => {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UnsupportedError) return { reason: error.message };
    throw error;
  }
};

const tooLongReason = (tokens: number, length: number): string => `it has ${tokens} tokens, more than ${length}`;

const ofText = async (sample: TextSample, { tokenizer, length, tooLong = 'cut' }: TokeniseOptions): Promise<Made | Refused> => {
  const whole = textTokens(sample.text, sample.continues ?? false, tokenizer);
  if (whole.ids.length < 2) return { reason: 'it has no token that follows another' };
  if (whole.ids.length <= length) return { parts: [whole], cut: false };
  if (tooLong === 'refuse') return { reason: tooLongReason(whole.ids.length, length) };
  const pieces = cutText(sample.text, { tokenizer, length }).filter((piece) => piece.trim() !== '');
  const parts = pieces.map((piece, i) => textTokens(piece, i < pieces.length - 1 || (sample.continues ?? false), tokenizer));
  const unfit = parts.find(({ ids }) => ids.length > length || ids.length < 2);
  return unfit ? { reason: tooLongReason(unfit.ids.length, length) } : { parts, cut: true };
};

/** Tokens that end a document in the vocabularies at hand; others have one end token for everything. */
const documentEnds = ['<|endoftext|>', '<|end_of_text|>', '<eos>', '</s>'];

const textTokens = (text: string, continues: boolean, tokenizer: TokeniseOptions['tokenizer']): Spoken => {
  const { eos } = tokenizer;
  const ids = tokenizer.encode(text, { parseSpecial: false });
  const end = eos.find((id) => documentEnds.includes(tokenizer.tokenOf(id) ?? '')) ?? eos[0];
  if (!continues && end !== undefined && !eos.includes(ids.at(-1)!)) ids.push(end);
  return { ids, answer: ids.map((_, i) => i > 0) };
};

const ofAnswers = async (sample: ConversationSample | PreferenceSample, options: TokeniseOptions): Promise<Made | Refused> => {
  const { length, tooLong = 'cut', answers = 'all', tokenizer } = options;
  const said = (content: string) => [...sample.turns, { role: 'assistant' as const, content }];
  const spoken =
    sample.shape === 'preference'
      ? [await speak(said(sample.chosen), options, 'last'), await speak(said(sample.rejected), options, 'last')]
      : [await speak(sample.turns, options, answers)];
  for (const one of spoken) one.answer[0] = false; // nothing comes before it
  if (spoken.some(({ answer }) => !answer.includes(true))) return { reason: 'its answer has no token of its own' };
  const longest = Math.max(...spoken.map(({ ids }) => ids.length));
  if (longest <= length) return { parts: spoken, cut: false };
  if (tooLong === 'refuse') return { reason: tooLongReason(longest, length) };
  // Both answers of a preference lose the same, so that they answer the same.
  const parts = spoken.map((one) => withoutLeft(one, longest - length, tokenizer.bos));
  if (parts.every((part) => part !== undefined)) return { parts, cut: true };
  return { reason: `its answer alone has ${Math.max(...spoken.map((one) => one.ids.length - lastStart(one)))} tokens, with one before it more than ${length}` };
};

/** Where the last answer begins. */
const lastStart = ({ answer }: Spoken): number => answer.lastIndexOf(false) + 1;

/** Leaves `count` tokens out behind the begin token; undefined where nothing would be left before the last answer. What is left of an earlier answer is not learnt. */
const withoutLeft = (spoken: Spoken, count: number, bos: number | undefined): Spoken | undefined => {
  const { ids, answer } = spoken;
  const kept = bos !== undefined && ids[0] === bos ? 1 : 0;
  const from = kept + count;
  if (from > lastStart(spoken) - (1 - kept)) return undefined;
  const left = answer.slice(from);
  if (answer[from - 1] && from < lastStart(spoken)) left.fill(false, 0, Math.max(0, left.indexOf(false)));
  if (kept === 0) left[0] = false;
  return { ids: [...ids.slice(0, kept), ...ids.slice(from)], answer: [...answer.slice(0, kept), ...left] };
};
