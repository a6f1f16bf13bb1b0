/** Holds text back that may turn out to be the beginning of a stop string. */
export interface StopFilter {
  /** @returns what may be shown now, and whether a stop string was met: it and what follows are dropped */
  push(text: string): { readonly text: string; readonly stopped: boolean };
  /** What was held back when the text ended without a stop string. */
  end(): string;
}

/** A stop string never leaks, not even half of it. Of several that end at one place the one that begins first cuts. */
export const stopFilter = (stops: readonly string[]): StopFilter => {
  const own = stops.filter((stop) => stop.length > 0);
  let held = '';
  return {
    push(text) {
      held += text;
      let cut = -1;
      for (const stop of own) {
        const at = held.indexOf(stop);
        if (at >= 0 && (cut < 0 || at < cut)) cut = at;
      }
      if (cut >= 0) {
        const shown = held.slice(0, cut);
        held = '';
        return { text: shown, stopped: true };
      }
      const keep = Math.max(0, ...own.map((stop) => overlap(held, stop)));
      const shown = held.slice(0, held.length - keep);
      held = held.slice(held.length - keep);
      return { text: shown, stopped: false };
    },
    end() {
      const rest = held;
      held = '';
      return rest;
    },
  };
};

/** Length of the longest end of `text` that is a beginning of `stop`, and not all of it. */
const overlap = (text: string, stop: string): number => {
  for (let length = Math.min(text.length, stop.length - 1); length > 0; length--) if (text.endsWith(stop.slice(0, length))) return length;
  return 0;
};
