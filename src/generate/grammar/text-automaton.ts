import { ConfigError } from '../../core/index.ts';
import type { Work } from './work.ts';

/** A deterministic automaton over characters. It starts in state 0; from every state that an edge leads to, some text is accepted. */
export interface TextAutomaton {
  /** First characters of the classes of characters that it tells apart, ascending from 0. */
  readonly cuts: readonly number[];
  /** [states, cuts], -1 where no text goes on. */
  readonly next: Int32Array;
  /** [states] */
  readonly accepts: readonly boolean[];
}

const mostStates = 32_000;

/** Takes note of one more state. @throws ConfigError for too many, and for too much work */
export const addState = (states: number, steps: number, { where, spend }: Work): void => {
  spend(steps);
  if (states > mostStates)
    throw new ConfigError(
      `${where}: expected what unfolds to at most ${mostStates} states, got more; write a simpler pattern, fewer names, or smaller lengths`,
    );
};

/** Index of the class of a character. */
export const classOf = (cuts: readonly number[], point: number): number => {
  let [low, high] = [0, cuts.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (cuts[middle]! <= point) low = middle;
    else high = middle - 1;
  }
  return low;
};

/** Whether a text is accepted. */
export const acceptsText = ({ cuts, next, accepts }: TextAutomaton, text: string): boolean => {
  let state = 0;
  for (const one of text) {
    state = next[state * cuts.length + classOf(cuts, one.codePointAt(0)!)]!;
    if (state < 0) return false;
  }
  return accepts[state]!;
};

/** Takes away the edges to states from where nothing is accepted. */
export const trimmed = ({ cuts, next, accepts }: TextAutomaton): TextAutomaton => {
  const width = cuts.length;
  const sources: number[][] = accepts.map(() => []);
  for (let edge = 0; edge < next.length; edge++) if (next[edge]! >= 0) sources[next[edge]!]!.push(Math.floor(edge / width));
  const alive = [...accepts];
  const pending = alive.flatMap((one, state) => (one ? [state] : []));
  for (let state = pending.pop(); state !== undefined; state = pending.pop())
    for (const source of sources[state]!) {
      if (alive[source]) continue;
      alive[source] = true;
      pending.push(source);
    }
  return { cuts, next: next.map((to) => (to >= 0 && alive[to] ? to : -1)), accepts };
};

/** Whether it accepts anything. */
export const acceptsAnything = ({ cuts, next, accepts }: TextAutomaton): boolean => accepts[0]! || next.subarray(0, cuts.length).some((to) => to >= 0);

/** What both accept. @throws ConfigError when that becomes too large */
export const bothTexts = (a: TextAutomaton, b: TextAutomaton, work: Work): TextAutomaton => {
  const cuts = [...new Set([...a.cuts, ...b.cuts])].sort((one, other) => one - other);
  const classes = cuts.map((cut) => [classOf(a.cuts, cut), classOf(b.cuts, cut)] as const);
  const width = b.accepts.length;
  const found = new Map([[0, 0]]);
  const pairs = [0];
  const next: number[] = [];
  for (const pair of pairs) {
    const [own, other] = [Math.floor(pair / width), pair % width];
    for (const [left, right] of classes) {
      const [x, y] = [a.next[own * a.cuts.length + left]!, b.next[other * b.cuts.length + right]!];
      if (x < 0 || y < 0) {
        next.push(-1);
        continue;
      }
      const to = x * width + y;
      let at = found.get(to);
      if (at === undefined) {
        at = pairs.push(to) - 1;
        found.set(to, at);
        addState(pairs.length, cuts.length, work);
      }
      next.push(at);
    }
  }
  const accepts = pairs.map((pair) => a.accepts[Math.floor(pair / width)]! && b.accepts[pair % width]!);
  return trimmed({ cuts, next: Int32Array.from(next), accepts });
};

/** What it does not accept. */
export const otherTexts = ({ cuts, next, accepts }: TextAutomaton): TextAutomaton => {
  const rest = accepts.length;
  const edges = Int32Array.from({ length: next.length + cuts.length }, (_, edge) => (edge < next.length && next[edge]! >= 0 ? next[edge]! : rest));
  return trimmed({ cuts, next: edges, accepts: [...accepts.map((one) => !one), true] });
};

/** Every text of some length, in characters. @throws ConfigError when a length is too large */
export const textsOfLength = (least: number, most: number, work: Work): TextAutomaton => {
  const last = most === Number.POSITIVE_INFINITY ? least : most;
  addState(last, 0, work);
  const next = Int32Array.from({ length: last + 1 }, (_, state) => (state < last ? state + 1 : most === last ? -1 : last));
  return { cuts: [0], next, accepts: Array.from({ length: last + 1 }, (_, state) => state >= least) };
};

/** Every text but some. @throws ConfigError for too many of them */
export const textsExcept = (texts: readonly string[], work: Work): TextAutomaton => {
  const points = texts.filter((text) => text.isWellFormed()).map((text) => Array.from(text, (one) => one.codePointAt(0)!));
  const cuts = [...new Set([0, ...points.flat().flatMap((point) => [point, point + 1])])].sort((a, b) => a - b);
  const width = cuts.length;
  const accepts = [true, true];
  const free = 1; // nothing is left out any more
  const next: number[] = Array(2 * width).fill(free);
  for (const text of points) {
    let state = 0;
    for (const point of text) {
      const edge = state * width + classOf(cuts, point);
      if (next[edge] === free) {
        addState(accepts.length + 1, width, work);
        next[edge] = accepts.push(true) - 1;
        for (let i = 0; i < width; i++) next.push(free);
      }
      state = next[edge]!;
    }
    accepts[state] = false;
  }
  return { cuts, next: Int32Array.from(next), accepts };
};
