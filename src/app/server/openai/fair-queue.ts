/** One place in the queue, later one of the slots. Disposing gives it up, whichever it is. */
export interface Place extends Disposable {
  /** Resolves when it is this place's turn. @throws the signal's reason */
  turn(signal: AbortSignal): Promise<void>;
}

/** Lets a bounded number work, a bounded number wait, and serves those who wait by client in turn: who asks much waits behind their own. */
export interface FairQueue {
  /** All places or, where there are not so many, none. */
  enter(client: string, count: number): Place[] | undefined;
  /** Seconds after which a place may be free, 1 to 60. */
  retryAfterSeconds(): number;
  readonly active: number;
  readonly waiting: number;
  readonly slots: number;
  readonly most: number;
}

export function createFairQueue({ slots, most }: { readonly slots: number; readonly most: number }): FairQueue {
  const lanes = new Map<string, (() => void)[]>(); // the first lane is the next to be served
  let [active, waiting, meanMs] = [0, 0, 1000];

  const advance = (): void => {
    while (active < slots) {
      const [next] = lanes;
      if (!next) return;
      const [client, lane] = next;
      lanes.delete(client);
      const start = lane.shift()!;
      if (lane.length > 0) lanes.set(client, lane);
      start();
    }
  };

  const place = (client: string): Place => {
    let state: 'waiting' | 'active' | 'over' = 'waiting';
    let since = 0;
    const ready = Promise.withResolvers<void>();
    const start = (): void => {
      state = 'active';
      since = performance.now();
      waiting--;
      active++;
      ready.resolve();
    };
    waiting++;
    lanes.set(client, [...(lanes.get(client) ?? []), start]);
    return {
      async turn(signal) {
        signal.throwIfAborted();
        const stopped = Promise.withResolvers<never>();
        const stop = (): void => stopped.reject(signal.reason);
        signal.addEventListener('abort', stop, { once: true });
        try {
          await Promise.race([ready.promise, stopped.promise]);
        } finally {
          signal.removeEventListener('abort', stop);
        }
      },
      [Symbol.dispose]() {
        if (state === 'active') {
          active--;
          meanMs += (performance.now() - since - meanMs) / 16;
        }
        if (state === 'waiting') {
          waiting--;
          const left = lanes.get(client)!.filter((one) => one !== start);
          if (left.length > 0) lanes.set(client, left);
          else lanes.delete(client);
        }
        state = 'over';
        advance();
      },
    };
  };

  return {
    enter(client, count) {
      if (waiting + count > most + Math.max(0, slots - active)) return undefined;
      const places = Array.from({ length: count }, () => place(client));
      advance();
      return places;
    },
    retryAfterSeconds: () => Math.min(60, Math.max(1, Math.ceil(((waiting + 1) / slots) * (meanMs / 1000)))),
    get active() {
      return active;
    },
    get waiting() {
      return waiting;
    },
    slots,
    most,
  };
}
