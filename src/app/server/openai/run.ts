import type { Context } from 'hono';
import type { ModelInfo, TextPiece, TextRequest, TextResult, TextToken } from '../../language-model/index.ts';
import type { Serving, ServingEnv } from './context.ts';
import type { FairQueue, Place } from './fair-queue.ts';
import { badField, Refusal } from './refusal.ts';

/** Places in a queue for one request, and the signal that ends its work: the client has gone, time is up, the server closes. */
export interface Run extends Disposable {
  readonly places: readonly Place[];
  readonly signal: AbortSignal;
  readonly startedMs: number;
  stop(reason: unknown): void;
}

/** Takes places in a queue, all or none. @throws Refusal */
export function startRun(c: Context<ServingEnv>, { limits, cut }: Serving, queue: FairQueue, user: string, count: number): Run {
  if (count > queue.most)
    throw new Refusal(400, `request: expected at most ${queue.most} answers at once, got ${count}; ask in several requests`, { code: 'too_many_answers' });
  const client = [c.env?.incoming?.socket?.remoteAddress, c.req.header('authorization'), user].join(' ');
  const places = queue.enter(client, count);
  if (!places)
    throw new Refusal(429, `server: expected at most ${queue.most} answers to wait, got more; try again`, {
      code: 'queue_full',
      retryAfterSeconds: queue.retryAfterSeconds(),
    });
  const abort = new AbortController();
  const stop = (reason: unknown): void => abort.abort(reason);
  const leave = () => stop(new Refusal(499, 'client: expected to stay until the answer, got a closed connection', { code: 'goneclosed' }));
  const close = () => stop(cut.reason);
  const late = () =>
    stop(new Refusal(503, `server: expected an answer within ${limits.answerMs / 1000} s, got none; ask for less`, { code: 'timeout', final: true }));
  const timer = setTimeout(late, limits.answerMs);
  const gone = c.req.raw.signal;
  gone.addEventListener('abort', leave);
  cut.addEventListener('abort', close);
  if (gone.aborted) leave();
  if (cut.aborted) close();
  return {
    places,
    signal: abort.signal,
    startedMs: performance.now(),
    stop,
    [Symbol.dispose]() {
      clearTimeout(timer);
      gone.removeEventListener('abort', leave);
      cut.removeEventListener('abort', close);
      for (const place of places) place[Symbol.dispose]();
    },
  };
}

const mostProbabilities = 500_000;

/** Refuses answers whose probabilities would fill the memory: they are kept until all is said. @throws Refusal */
export const boundProbabilities = (requests: readonly TextRequest[], { context }: ModelInfo): void => {
  const asked = requests.reduce(
    (sum, { candidates, maxTokens = context }) => sum + (candidates === undefined ? 0 : (candidates + 1) * Math.min(maxTokens, context)),
    0,
  );
  if (asked > mostProbabilities)
    throw badField(
      'logprobs',
      `at most ${mostProbabilities} probabilities in an answer`,
      asked,
      'lower max_tokens, n or the number of candidates',
      'too_many_probabilities',
    );
};

export interface Choice {
  readonly result: TextResult;
  /** Where candidates were asked for. */
  readonly tokens: readonly TextToken[];
  readonly timing: ChoiceTiming;
}

/** Seconds that parts of an answer took. */
export interface ChoiceTiming {
  /** From the request to the slot. */
  readonly queueSeconds: number;
  /** From the slot to the first token; null where there was none. */
  readonly firstTokenSeconds: number | null;
  /** Tokens after the first by the time they took; null where there was no second. */
  readonly tokensPerSecond: number | null;
}

/** Answers requests, each in its own place; where one fails all end. The run is over afterwards. @throws what the first to fail threw */
export async function runChoices(
  serving: Serving,
  run: Run,
  requests: readonly TextRequest[],
  { onPiece, onEnd }: { onPiece?(index: number, piece: TextPiece): void; onEnd?(index: number, choice: Choice): void } = {},
): Promise<Choice[]> {
  using _ = run;
  const work = requests.map(async (request, index) => {
    const choice = await runChoice(serving, run, run.places[index]!, request, onPiece && ((piece) => onPiece(index, piece)));
    onEnd?.(index, choice);
    return choice;
  });
  for (const one of work) one.catch((error: unknown) => run.stop(error));
  const settled = await Promise.allSettled(work);
  if (run.signal.aborted) throw run.signal.reason;
  return settled.map((one) => (one as PromiseFulfilledResult<Choice>).value);
}

async function runChoice(
  serving: Serving,
  { signal, startedMs }: Run,
  own: Place,
  request: TextRequest,
  onPiece?: (piece: TextPiece) => void,
): Promise<Choice> {
  const { metrics, model } = serving;
  using place = own;
  await place.turn(signal);
  const begunMs = performance.now();
  metrics.queueSeconds.observe((begunMs - startedMs) / 1000);
  const tokens: TextToken[] = [];
  let firstMs = 0;
  const take = (piece: TextPiece): void => {
    if (firstMs === 0) {
      firstMs = performance.now();
      metrics.firstTokenSeconds.observe((firstMs - begunMs) / 1000);
    }
    if (request.candidates !== undefined) tokens.push(...piece.tokens);
    onPiece?.(piece);
  };
  try {
    const result = await model.generate(request, { signal, onPiece: take });
    const { promptTokens, cachedTokens, completionTokens } = result.usage;
    const endedMs = performance.now();
    metrics.answers.add(1, { end: result.finishReason });
    metrics.promptTokens.add(promptTokens);
    metrics.cachedTokens.add(cachedTokens);
    metrics.completionTokens.add(completionTokens);
    metrics.answerSeconds.observe((endedMs - startedMs) / 1000);
    const tokenSeconds = completionTokens > 1 && firstMs > 0 ? (endedMs - firstMs) / 1000 / (completionTokens - 1) : null;
    if (tokenSeconds !== null) metrics.tokenSeconds.observe(tokenSeconds);
    const timing = {
      queueSeconds: (begunMs - startedMs) / 1000,
      firstTokenSeconds: firstMs > 0 ? (firstMs - begunMs) / 1000 : null,
      tokensPerSecond: tokenSeconds ? 1 / tokenSeconds : null,
    };
    return { result, tokens, timing };
  } catch (error) {
    metrics.answers.add(1, { end: signal.aborted ? 'cancelled' : 'refused' });
    throw error;
  }
}
