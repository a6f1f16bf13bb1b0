import { ConfigError } from '../../core/index.ts';
import type { ChatMessage } from '../../formats/index.ts';
import type { LastToken } from '../../generate/index.ts';
import { apart, instructionOf, judge, knownRequests, meanVector, type Screened, screened, untrustedParts, withTexts } from '../../guard/index.ts';
import type { OpenGuard } from './open-guard.ts';
import type { GuardVerdict, TextPiece, TextRequest, TextResult } from './text-request.ts';

export interface AnswerOptions {
  readonly signal?: AbortSignal;
  readonly onPiece?: (piece: TextPiece) => void;
  readonly lastToken?: LastToken;
}
export type Answer = (request: TextRequest, options: AnswerOptions) => Promise<TextResult>;

interface Turn {
  readonly role: string;
  readonly content: string;
  readonly [key: string]: unknown;
}

export const refusal = 'This was not answered: the document carries instructions or claims of its own.';
const kept = 64; // requests whose vectors are remembered

/** An answer that obeys who asks and not the documents: what stands between marks, and what tools say, is judged before the model reads it. */
export const guardedAnswer = (answer: Answer, { settings, tools }: OpenGuard): Answer => {
  const requests = knownRequests(tools.encoder, settings);
  const vectors = new Map<string, Promise<Float32Array>>();
  /** What the model holds at the last token where the same is asked of documents that are trusted. */
  const trustedVector = (blanked: string, variants: readonly TextRequest[]): Promise<Float32Array> => {
    const known = vectors.get(blanked);
    vectors.delete(blanked);
    const made = known ?? Promise.all(variants.map((variant) => vectorOf(answer, variant))).then(meanVector);
    vectors.set(blanked, made);
    made.catch(() => vectors.delete(blanked));
    if (vectors.size > kept) vectors.delete(vectors.keys().next().value!);
    return made;
  };

  return async ({ guard: wish, ...request }, options) => {
    if (wish === 'off') return answer(request, options);
    const policy = wish ?? settings.policy;
    const given = turnsOf(request);
    const parts = given ? untrustedParts(given) : [];
    if (!given || parts.length === 0) return { ...(await answer(request, options)), guard: { flagged: false, refused: false, score: 0, withheld: [] } };
    const instruction = instructionOf(given);
    const found: Screened[] = [];
    for (const { text } of parts) found.push(screened(text, await judge(tools, text, instruction, requests), settings));
    options.signal?.throwIfAborted();
    let score = Math.max(...found.map((one) => one.score));
    const withheld = policy === 'guarded' ? found.flatMap(({ suspects }) => suspects.map(({ text }) => text)) : [];
    let distance: number | undefined;
    const verdict = (refused: boolean): GuardVerdict => ({
      flagged: score >= 0.5,
      refused,
      score: Number(score.toFixed(4)),
      withheld,
      ...(distance !== undefined && { distance }),
    });
    const refused = (): TextResult => {
      options.onPiece?.({ text: refusal, tokens: [] });
      return {
        text: refusal,
        tokenIds: [],
        finishReason: 'stop',
        usage: { promptTokens: 0, cachedTokens: 0, completionTokens: 0 },
        guard: verdict(true),
      };
    };
    if (policy === 'refused' && score >= 0.5) return refused();
    const asked = (texts: readonly string[]): TextRequest => withTurns(request, withTexts(given, parts, texts));
    const screenedRequest = asked(policy === 'guarded' ? found.map(({ text }) => text) : parts.map(({ text }) => text));
    const { request: held } = settings;
    if (!held) return { ...(await answer(screenedRequest, options)), guard: verdict(false) };
    const blank = asked(parts.map(() => ''));
    const trusted = await trustedVector(JSON.stringify([blank.prompt, blank.messages]), held.documents.map((text) => asked(parts.map(() => text)))); // biome-ignore format: one call
    let stopped = false;
    const result = await answer(screenedRequest, {
      ...options,
      lastToken: {
        ...(held.hold && policy === 'guarded' && { put: trusted }),
        seen(computed) {
          distance = apart(computed, trusted);
          if (held.apart !== null) score = Math.max(score, distanceScore(distance, held.apart));
          stopped = policy === 'refused' && score >= 0.5;
          return !stopped;
        },
      },
    });
    return stopped ? refused() : { ...result, guard: verdict(false) };
  };
};

/** An answer of a model without a guard. @throws ConfigError where a request asks for one */
export const unguardedAnswer =
  (answer: Answer, name: string): Answer =>
  async ({ guard: wish, ...request }, options) => {
    if (wish !== undefined && wish !== 'off')
      throw new ConfigError(`${name}: expected a model opened with a guard for the policy ${wish}, got one without; open it with one`);
    return answer(request, options);
  };

const distanceScore = (distance: number, bound: number): number => 1 / (1 + Math.exp((-5 * (distance - bound)) / bound));

const vectorOf = async (answer: Answer, request: TextRequest): Promise<Float32Array> => {
  let vector: Float32Array | undefined;
  const { schema: _, calls: __, stop: ___, ...plain } = request;
  await answer(
    { ...plain, maxTokens: 1 },
    {
      lastToken: {
        seen(computed) {
          vector = computed.slice();
          return false;
        },
      },
    },
  );
  return vector!;
};

/** The request as turns of text; a raw prompt counts as what the user says. */
const turnsOf = ({ prompt, messages }: TextRequest): Turn[] | undefined => {
  if (messages) return messages.map((message) => ({ ...message, content: textOf(message.content) }));
  return typeof prompt === 'string' ? [{ role: 'user', content: prompt }] : undefined;
};

const withTurns = (request: TextRequest, turns: readonly Turn[]): TextRequest =>
  request.messages ? { ...request, messages: turns } : { ...request, prompt: turns[0]!.content };

/** Content in parts is judged as the text that it is. */
const textOf = (content: ChatMessage['content']): string =>
  typeof content === 'string' ? content : (content ?? []).map((part) => String((part as { text?: unknown }).text ?? '')).join('\n');
