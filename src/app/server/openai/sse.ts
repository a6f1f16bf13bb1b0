import type { Context } from 'hono';
import type { ServingEnv, ServingLimits } from './context.ts';
import { errorBody, refusalOf } from './refusal.ts';

/** A stream of server-sent events to one client. */
export interface EventSink {
  /** Resolves when something was sent. */
  readonly begun: Promise<void>;
  /** Aborted when the client has gone or was cut off because it does not read. */
  readonly gone: AbortSignal;
  /** The answer that carries the stream; called once. */
  open(): Response;
  send(data: object | '[DONE]'): void;
  end(): void;
  /** Says what went wrong, as an event, and ends. */
  fail(error: unknown): void;
}

const encoder = new TextEncoder();

/** Opens a stream. What a client does not read waits here, bounded in bytes and in time. */
export function openSse(c: Context<ServingEnv>, { unreadBytes, unreadMs }: ServingLimits): EventSink {
  const ticket = c.get('ticket');
  const gone = new AbortController();
  const begun = Promise.withResolvers<void>();
  const stream = { control: undefined as ReadableStreamDefaultController<Uint8Array> | undefined, ended: false, over: false };
  let unread: Uint8Array[] = [];
  let bytes = 0;
  let wanted = false;
  let timer: NodeJS.Timeout | undefined;

  const finish = (reason?: unknown): void => {
    if (stream.over) return;
    stream.over = true;
    unread = [];
    clearTimeout(timer);
    ticket.close();
    if (reason !== undefined) gone.abort(reason);
  };
  const cut = (): void => {
    if (stream.over) return;
    finish(new Error('the client does not read'));
    if (c.env?.outgoing) c.env.outgoing.destroy();
    else stream.control?.error(new Error('the client does not read'));
  };
  const flow = (): void => {
    if (!wanted || stream.over) return;
    if (unread.length > 0) {
      wanted = false;
      const all = Buffer.concat(unread);
      unread = [];
      bytes = 0;
      clearTimeout(timer);
      timer = undefined;
      stream.control!.enqueue(new Uint8Array(all));
    } else if (stream.ended) {
      stream.control!.close();
      finish();
    }
  };
  const put = (text: string): void => {
    if (stream.over || stream.ended) return;
    const chunk = encoder.encode(text);
    unread.push(chunk);
    bytes += chunk.length;
    timer ??= setTimeout(cut, unreadMs);
    flow();
    if (bytes > unreadBytes) cut();
  };
  const end = (): void => {
    if (stream.over) return;
    stream.ended = true;
    timer ??= setTimeout(cut, unreadMs);
    flow();
  };
  const body = new ReadableStream<Uint8Array>(
    {
      start(control) {
        stream.control = control;
      },
      pull() {
        wanted = true;
        flow();
      },
      cancel: () => finish(new Error('the client has gone')),
    },
    { highWaterMark: 0 },
  );
  const send: EventSink['send'] = (data) => {
    put(`data: ${data === '[DONE]' ? data : JSON.stringify(data)}\n\n`);
    begun.resolve();
  };
  return {
    begun: begun.promise,
    open() {
      ticket.streams = true;
      return new Response(body, { headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache', 'x-accel-buffering': 'no' } });
    },
    gone: gone.signal,
    send,
    end,
    fail(error) {
      send(errorBody(refusalOf(error)));
      end();
    },
  };
}
