import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import { problem } from './problem.ts';

export interface ServerEvent {
  readonly id?: number;
  readonly event: string;
  readonly data: unknown;
  /** Ends the stream after this event. */
  readonly last?: boolean;
}

/** Opens server-sent event streams, a bounded number at once. */
export interface EventStreams {
  /** `source` gets a function to send with and answers how to stop. */
  open(c: Context, source: (send: (event: ServerEvent) => void) => () => void): Response;
}

const heartbeatMs = 15_000;
/** A client that reads this many events too slowly is cut off; it resumes where it was. */
const longestBacklog = 1000;

export function createEventStreams(most: number): EventStreams {
  let open = 0;
  return {
    open(c, source) {
      if (open >= most) return problem(c, 503, 'BUSY', `server: expected at most ${most} open event streams; close a tab and try again.`, 5);
      open += 1;
      c.header('X-Accel-Buffering', 'no');
      return streamSSE(c, async (stream) => {
        const waiting: ServerEvent[] = [];
        let wake: () => void = () => {};
        let ended = false;
        const end = () => {
          ended = true;
          wake();
        };
        stream.onAbort(end);
        const stop = source((event) => {
          waiting.push(event);
          if (waiting.length > longestBacklog) end();
          wake();
        });
        try {
          await stream.writeSSE({ event: 'hello', data: '{}' });
          while (!ended) {
            const event = waiting.shift();
            if (event) {
              await stream.writeSSE({ event: event.event, data: JSON.stringify(event.data), ...(event.id !== undefined && { id: String(event.id) }) });
              if (event.last) break;
              continue;
            }
            const timer = setTimeout(() => wake(), heartbeatMs);
            await new Promise<void>((resolve) => {
              wake = resolve;
              if (ended || waiting.length > 0) resolve();
            });
            clearTimeout(timer);
            if (!ended && waiting.length === 0) await stream.write(': still here\n\n');
          }
        } finally {
          stop();
          open -= 1;
        }
      });
    },
  };
}
