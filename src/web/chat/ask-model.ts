import { RequestError, stream } from '../state/api.ts';
import { eventParser } from '../state/event-parser.ts';
import { type Message, messagesOf, type Settings, type Turn, textOf } from './conversation.ts';
import type { Alternative, ReceivedToken } from './tokens.ts';

/** What the guard that the model was loaded with made of a request. */
export interface GuardVerdict {
  readonly flagged: boolean;
  readonly refused: boolean;
  /** 0 to 1; flagged from 0.5 on. */
  readonly score: number;
  /** Sentences of the documents that the model did not read. */
  readonly withheld: readonly string[];
  /** Cosine distance of the model's request from the trusted one, where the guard looks. */
  readonly distance?: number;
}

/** A part of an answer, as it comes. */
export interface AnswerPart {
  readonly text: string;
  readonly tokens: readonly ReceivedToken[];
  readonly end: 'stop' | 'length' | null;
  /** With the last parts. */
  readonly speed: { readonly firstTokenSeconds: number | null; readonly tokensPerSecond: number | null; readonly cachedTokens: number } | null;
  readonly usage: { readonly promptTokens: number; readonly completionTokens: number } | null;
  /** With the last parts, of a model with a guard. */
  readonly guard: GuardVerdict | null;
}

export interface Asked {
  readonly model: string;
  /** It knows turns; otherwise it continues their text. */
  readonly chats: boolean;
  readonly turns: readonly Turn[];
  readonly settings: Settings;
  readonly seed: number;
  /** What the model's guard is to do, instead of its own policy. */
  readonly guard?: string;
}

/** Alternatives that are asked for with each token. */
export const alternatives = 8;

interface ChatLogprob {
  readonly token: string;
  readonly logprob: number;
  readonly bytes: readonly number[] | null;
}
interface Chunk {
  readonly choices: readonly {
    readonly delta?: { readonly content?: string | null };
    readonly text?: string;
    readonly finish_reason: string | null;
    readonly logprobs:
      | { readonly content: readonly (ChatLogprob & { readonly top_logprobs: readonly ChatLogprob[] })[] }
      | { readonly tokens: readonly string[]; readonly token_logprobs: readonly number[]; readonly top_logprobs: readonly Readonly<Record<string, number>>[] }
      | null;
  }[];
  readonly usage?: { readonly prompt_tokens: number; readonly completion_tokens: number } | null;
  readonly lyceum?: {
    readonly cachedTokens: number;
    readonly firstTokenSeconds: number | null;
    readonly tokensPerSecond: number | null;
    readonly guard?: GuardVerdict;
  };
  readonly error?: { readonly code: string; readonly message: string };
}

const short = (logprob: number): number => Number(logprob.toFixed(4));
const ranked = (pairs: readonly Alternative[]): Alternative[] => pairs.map(([text, logprob]) => [text, short(logprob)] as const).sort((a, b) => b[1] - a[1]);

function tokensOf(logprobs: Chunk['choices'][number]['logprobs']): ReceivedToken[] {
  if (!logprobs) return [];
  if ('content' in logprobs) {
    return logprobs.content.map(({ token, logprob, bytes, top_logprobs }) => ({
      text: token,
      logprob: short(logprob),
      bytes: bytes ? Uint8Array.from(bytes) : null,
      top: ranked(top_logprobs.map((one) => [one.token, one.logprob])),
    }));
  }
  return logprobs.tokens.map((text, index) => ({
    text,
    logprob: short(logprobs.token_logprobs[index] ?? 0),
    bytes: null,
    top: ranked(Object.entries(logprobs.top_logprobs[index] ?? {})),
  }));
}

/** What one event of the stream says. Errors: RequestError, where it says one. */
export function partOf(data: string): AnswerPart {
  const { choices, usage, lyceum, error } = JSON.parse(data) as Chunk;
  if (error) throw new RequestError(503, error.code, error.message);
  const choice = choices[0];
  const reason = choice?.finish_reason;
  return {
    text: choice?.delta?.content ?? choice?.text ?? '',
    tokens: tokensOf(choice?.logprobs ?? null),
    end: reason === 'length' ? 'length' : reason ? 'stop' : null,
    speed: lyceum
      ? { firstTokenSeconds: lyceum.firstTokenSeconds ?? null, tokensPerSecond: lyceum.tokensPerSecond ?? null, cachedTokens: lyceum.cachedTokens }
      : null,
    usage: usage ? { promptTokens: usage.prompt_tokens, completionTokens: usage.completion_tokens } : null,
    guard: lyceum?.guard ?? null,
  };
}

/** The request: path and body. */
export function requestOf({ model, chats, turns, settings, seed, guard }: Asked): { path: string; body: object } {
  const { temperature, topP, maxTokens, system } = settings;
  const sampling = {
    model,
    temperature,
    top_p: topP,
    max_tokens: maxTokens,
    seed,
    stream: true,
    stream_options: { include_usage: true },
    ...(guard !== undefined && { lyceum: { guard } }),
  };
  const messages: Message[] = messagesOf(turns, system);
  if (chats) return { path: '/v1/chat/completions', body: { ...sampling, messages, logprobs: true, top_logprobs: alternatives } };
  return { path: '/v1/completions', body: { ...sampling, prompt: textOf(turns), logprobs: alternatives } };
}

/** Asks for an answer and hands on its parts. Errors: RequestError · the signal's reason. */
export async function askModel(asked: Asked, signal: AbortSignal, onPart: (part: AnswerPart) => void): Promise<void> {
  const { path, body } = requestOf(asked);
  const response = await stream(path, body, signal);
  let done = false;
  const parse = eventParser(({ data }) => {
    if (data === '[DONE]') done = true;
    else onPart(partOf(data));
  });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const { done: ended, value } = await reader.read();
      if (ended) break;
      parse(value);
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof RequestError) throw error;
  }
  if (!done)
    throw new RequestError(
      0,
      'UNREACHABLE',
      'The answer broke off: the server does not answer any more. Start it again with `lyceum open`, then answer again.',
    );
}
