/** What a child process says of its work when it is asked: how far it is, and what it ended with. */
export interface Told<News, Outcome> {
  readonly news: News;
  readonly outcome?: Outcome;
}

/** A child's side of work that goes on by itself. `next` and `stop` belong into the service that its parent calls. */
export interface ToldWork<News, Outcome> {
  /** Aborted when the parent wants the work to stop. */
  readonly signal: AbortSignal;
  /** Adds to the news: what came between two questions of the parent is in the next answer. */
  tell(part: (before: News) => News): void;
  /** What this ends with is told to whoever waits for the next news. */
  follow(work: Promise<Outcome>): void;
  /** How far it is; waits until there is something new. Rejects with what the work rejected with. */
  next(): Promise<Told<News, Outcome>>;
  stop(): Promise<void>;
}

export const toldWork = <News, Outcome>(first: News): ToldWork<News, Outcome> => {
  const stop = new AbortController();
  let news = first;
  let isNews = false;
  let ended: { readonly outcome: Outcome } | { readonly error: unknown } | undefined;
  let wake: () => void = () => {};
  const end = (as: NonNullable<typeof ended>): void => {
    ended = as;
    wake();
  };
  return {
    signal: stop.signal,
    tell(part) {
      news = part(news);
      isNews = true;
      wake();
    },
    follow(work) {
      work.then(
        (outcome) => end({ outcome }),
        (error: unknown) => end({ error }),
      );
    },
    async next() {
      if (!isNews && !ended)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      isNews = false;
      if (!ended) return { news };
      if ('error' in ended) throw ended.error;
      return { news, outcome: ended.outcome };
    },
    async stop() {
      stop.abort(new DOMException('cancelled', 'AbortError'));
    },
  };
};
