import { Refusal } from './refusal.ts';

/** A request under way. Closed when its answer is with the client. */
export interface Ticket {
  /** Counts bytes of its body. @throws Refusal */
  take(bytes: number): void;
  /** Nothing of the body is left in the connection. */
  bodyRead: boolean;
  /** The answer is a stream and closes the ticket itself. */
  streams: boolean;
  close(): void;
}

/** Bounds requests under way and what their bodies hold together. */
export interface Admission {
  /** @throws Refusal */
  enter(): Ticket;
  readonly open: number;
  /** Resolves when none is under way. */
  empty(): Promise<void>;
}

export function createAdmission({
  openRequests,
  bodyBytes,
  allBodyBytes,
}: {
  readonly openRequests: number;
  readonly bodyBytes: number;
  readonly allBodyBytes: number;
}): Admission {
  let [open, held] = [0, 0];
  let empty = Promise.withResolvers<void>();
  empty.resolve();
  return {
    enter() {
      if (open >= openRequests)
        throw new Refusal(503, `server: expected at most ${openRequests} requests at once; try again`, { code: 'overloaded', retryAfterSeconds: 2 });
      if (open++ === 0) empty = Promise.withResolvers();
      let own = 0;
      let closed = false;
      return {
        bodyRead: false,
        streams: false,
        take(bytes) {
          own += bytes;
          held += bytes;
          if (own > bodyBytes) throw new Refusal(413, `body: expected at most ${bodyBytes} bytes, got more; send less at a time`, { code: 'body_too_large' });
          if (held > allBodyBytes)
            throw new Refusal(503, `server: expected bodies of at most ${allBodyBytes} bytes at once; try again`, { code: 'overloaded', retryAfterSeconds: 2 });
        },
        close() {
          if (closed) return;
          closed = true;
          held -= own;
          if (--open === 0) empty.resolve();
        },
      };
    },
    get open() {
      return open;
    },
    empty: () => empty.promise,
  };
}
