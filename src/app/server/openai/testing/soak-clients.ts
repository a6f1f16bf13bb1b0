import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What became of the requests of clients. */
export interface SoakCounts {
  answered: number;
  /** With 429 or 503 and a time to come again. */
  refused: number;
  /** Whose client went away before the end. */
  left: number;
  /** Sent again because their connection had just been closed for idleness, as every client's library does. */
  again: number;
}

export interface SoakOptions {
  readonly url: string;
  readonly model: string;
  /** How long a client that goes away stays at most. */
  readonly stayMs: number;
  readonly random: () => number;
  readonly counts: SoakCounts;
}

interface Body {
  readonly choices?: readonly { readonly index: number; readonly finish_reason: string | null }[];
  readonly error?: { readonly code: string };
}

const schema = { type: 'object', properties: { ok: { type: 'boolean' }, n: { type: 'integer' } }, required: ['ok', 'n'], additionalProperties: false };

/** A request as one of many clients might send it, and how many answers it asks for. */
const anyRequest = ({ model, random }: SoakOptions): { path: string; body: object; n: number; stream: boolean } => {
  const whole = (most: number): number => Math.floor(random() * most);
  const text = `Client ${whole(40)} ${'says '.repeat(whole(20))}`;
  const [n, stream] = [1 + whole(2), random() < 0.5];
  const shared = { model, n, stream, max_tokens: 1 + whole(60), temperature: whole(2), seed: whole(1000) };
  const kind = random();
  if (kind < 0.6) return { path: '/v1/completions', body: { ...shared, prompt: text, ...(kind < 0.1 && { logprobs: 3 }) }, n, stream };
  const chat = { ...shared, messages: [{ role: 'user', content: text }] };
  const bound = kind > 0.9 && { response_format: { type: 'json_schema', json_schema: { name: 'reply', strict: true, schema } } };
  return { path: '/v1/chat/completions', body: { ...chat, ...bound }, n, stream };
};

const post = async (url: string, body: object, counts: SoakCounts, signal?: AbortSignal): Promise<Response> => {
  const send = () => fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body), ...(signal && { signal }) });
  try {
    return await send();
  } catch (error) {
    const { code } = ((error as Error).cause ?? {}) as { code?: string };
    if (code !== 'ECONNRESET' && code !== 'UND_ERR_SOCKET') throw error;
    counts.again++;
    return await send();
  }
};

/** @throws Error for an answer that is neither whole nor a clean refusal */
const checkAnswer = async (answer: Response, { n, stream }: { readonly n: number; readonly stream: boolean }): Promise<'answered' | 'refused'> => {
  const text = await answer.text();
  const bad = (expected: string): Error => new Error(`soak: expected ${expected}, got ${answer.status} and ${text.slice(-500)}`);
  if (!answer.ok) {
    const { error } = JSON.parse(text) as Body;
    if (![429, 503].includes(answer.status) || !error?.code || !(Number(answer.headers.get('retry-after')) > 0))
      throw bad('a refusal that says when to come again');
    return 'refused';
  }
  const events = stream ? text.trimEnd().split('\n\n') : [`data: ${text}`];
  if (stream && events.pop() !== 'data: [DONE]') throw bad('a stream that ends with [DONE]');
  const bodies = events.map((event) => JSON.parse(event.slice('data: '.length)) as Body);
  const ended = new Set(bodies.flatMap(({ choices = [] }) => choices.filter((one) => one.finish_reason !== null).map(({ index }) => index)));
  if (ended.size !== n || bodies.some(({ error }) => error)) throw bad(`${n} answers, each to its end`);
  return 'answered';
};

/** Asks one thing after another until it is time; of five requests it leaves two before they are answered. Each client has its own lane in the queue. */
export const restlessClient = async (options: SoakOptions, user: string, endMs: number): Promise<void> => {
  const { url, stayMs, random, counts } = options;
  while (Date.now() < endMs) {
    const request = anyRequest(options);
    const signal = random() < 0.4 ? AbortSignal.timeout(1 + Math.floor(random() * stayMs)) : undefined;
    try {
      const became = await checkAnswer(await post(url + request.path, { ...request.body, user }, counts, signal), request);
      counts[became]++;
      if (became === 'refused') await sleep(500); // less than it was told
    } catch (error) {
      if (!signal?.aborted) throw error;
      counts.left++;
    }
  }
};

/** A thousand people with a short request each, all at once. */
export const crowd = async ({ url, model, counts }: SoakOptions): Promise<void> => {
  const ask = async (_: unknown, i: number): Promise<void> => {
    counts[
      await checkAnswer(await post(`${url}/v1/completions`, { model, prompt: 'a', max_tokens: 1, user: `one of many ${i}` }, counts), { n: 1, stream: false })
    ]++;
  };
  await Promise.all(Array.from({ length: 1000 }, ask));
};

/** Clients that ask for long streams, one more every `everyMs` until it is time, and read nothing as long as they are not disposed. */
export const deafClients = async ({ url, model }: SoakOptions, everyMs: number, endMs: number): Promise<Disposable> => {
  const text = JSON.stringify({ model, prompt: 'a', n: 4, max_tokens: 200, stream: true, logprobs: 20 });
  const head = `POST /v1/completions HTTP/1.1\r\nhost: ${new URL(url).host}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n`;
  const sockets: Socket[] = [];
  for (; Date.now() < endMs; await sleep(everyMs)) {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(head + text));
    socket.pause();
    socket.on('error', () => {});
    sockets.push(socket);
  }
  return { [Symbol.dispose]: () => sockets.forEach((socket) => void socket.destroy()) };
};
