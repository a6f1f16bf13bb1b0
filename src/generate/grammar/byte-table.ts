import type { Terminal } from './terminal.ts';
import { addState, type TextAutomaton } from './text-automaton.ts';
import type { Work } from './work.ts';

/** Where each byte leads. */
type Row = Map<number, number>;
interface Run {
  readonly first: number;
  readonly last: number;
  readonly to: number;
}

// Characters of two, three and four bytes: the first and last of them, and what their first byte begins with.
const lengths = [
  { more: 1, first: 0x80, last: 0x7ff, lead: 0xc0 },
  { more: 2, first: 0x800, last: 0xffff, lead: 0xe0 },
  { more: 3, first: 0x10000, last: 0x10ffff, lead: 0xf0 },
];
const continuations = Array.from({ length: 64 }, (_, i) => 0x80 + i);
const shortEscapes: Readonly<Record<number, string>> = { 8: 'b', 9: 't', 10: 'n', 12: 'f', 13: 'r', 34: '"', 92: '\\' };

/**
 * Texts as bytes, each character in UTF-8.
 *
 * @param asJson  puts them in quotes and escapes what JSON wants escaped, each character in the one way of `JSON.stringify`
 * @throws ConfigError when that becomes too large
 */
export const byteTable = ({ cuts, next, accepts }: TextAutomaton, { asJson, work }: { readonly asJson: boolean; readonly work: Work }): Terminal => {
  // The automaton's own states, then those within a character; equal ones are one.
  const rows: Row[] = accepts.map(() => new Map());
  const known = new Map<string, number>();
  const intern = (row: Row): number => {
    const key = Array.from(row, ([byte, to]) => `${byte}:${to}`).join();
    const at = known.get(key) ?? rows.push(row) - 1;
    known.set(key, at);
    addState(rows.length, row.size * 8, work);
    return at;
  };
  const whole = new Map<number, number>();
  /** The state from where `more` bytes of a character, whichever, lead to one state. */
  const anyBytes = (more: number, to: number): number => {
    if (more === 0) return to;
    const key = to * 4 + more;
    const at = whole.get(key) ?? intern(new Map(continuations.map((byte) => [byte, anyBytes(more - 1, to)])));
    whole.set(key, at);
    return at;
  };
  /** The state from where `more` bytes spell the characters from `from` on; undefined where none of them goes on. */
  const someBytes = (more: number, from: number, runs: readonly Run[]): number | undefined => {
    const last = from + 64 ** more - 1;
    const inside = runs.filter((run) => run.first <= last && run.last >= from);
    if (inside.length === 0) return undefined;
    if (inside[0]!.first <= from && inside[0]!.last >= last) return anyBytes(more, inside[0]!.to);
    const row: Row = new Map();
    for (const [i, byte] of continuations.entries()) {
      const to = someBytes(more - 1, from + i * 64 ** (more - 1), inside);
      if (to !== undefined) row.set(byte, to);
    }
    return intern(row);
  };
  // Most states go on alike, but for a character or two.
  const leadBytes = remembered(
    (runs: readonly Run[]) => runs.map(({ first, last, to }) => `${first}:${last}:${to}`).join(),
    (runs) =>
      lengths.flatMap(({ more, first, last, lead }) => {
        const own = runs
          .filter((run) => run.first <= last && run.last >= first)
          .map((run) => ({ first: Math.max(run.first, first), last: Math.min(run.last, last), to: run.to }));
        const leads = Array.from(
          { length: own.length > 0 ? Math.floor(last / 64 ** more) + 1 : 0 },
          (_, i) => [lead + i, someBytes(more, i * 64 ** more, own)] as const,
        );
        return leads.flatMap(([byte, to]) => (to === undefined ? [] : [[byte, to] as const]));
      }),
  );
  const escapeState = remembered(
    (targets: Row) => [...targets].join(),
    (targets) => escapes(targets, intern),
  );
  for (const state of accepts.keys()) {
    const runs = runsOf(cuts, next.subarray(state * cuts.length, (state + 1) * cuts.length));
    const row = rows[state]!;
    work.spend(512);
    const escaped: Row = new Map();
    for (const { first, last, to } of runs)
      for (let point = first; point <= Math.min(last, 0x7f); point++)
        (asJson && (point < 0x20 || point === 0x22 || point === 0x5c) ? escaped : row).set(point, to);
    for (const [byte, to] of leadBytes(runs.filter(({ last }) => last > 0x7f))) row.set(byte, to);
    if (escaped.size > 0) row.set(0x5c, escapeState(escaped));
  }
  if (!asJson) return tableTerminal(rows, 0, (state) => accepts[state] === true);
  const [start, last] = [rows.push(new Map([[0x22, 0]])) - 1, rows.push(new Map()) - 1];
  for (const [state, accepted] of accepts.entries()) if (accepted) rows[state]!.set(0x22, last);
  return tableTerminal(rows, start, (state) => state === last);
};

const remembered = <From, To>(keyOf: (from: From) => string, find: (from: From) => To): ((from: From) => To) => {
  const known = new Map<string, To>();
  return (from) => {
    const key = keyOf(from);
    const found = known.get(key) ?? find(from);
    known.set(key, found);
    return found;
  };
};

/** The characters that go on, neighbours with one aim together. */
const runsOf = (cuts: readonly number[], targets: Int32Array): Run[] => {
  const runs: Run[] = [];
  const add = (first: number, last: number, to: number): void => {
    const before = runs.at(-1);
    if (first > last) return;
    if (before && before.to === to && before.last === first - 1) runs[runs.length - 1] = { first: before.first, last, to };
    else runs.push({ first, last, to });
  };
  for (const [i, to] of targets.entries()) {
    const [first, last] = [cuts[i]!, (cuts[i + 1] ?? 0x110000) - 1];
    if (to < 0) continue;
    add(first, Math.min(last, 0xd7ff), to);
    add(Math.max(first, 0xe000), last, to);
  }
  return runs;
};

/** The state after a backslash. */
const escapes = (targets: ReadonlyMap<number, number>, intern: (row: Row) => number): number => {
  const row: Row = new Map();
  const byHigh: Row[] = [new Map(), new Map()];
  for (const [point, to] of targets) {
    const short = shortEscapes[point];
    if (short !== undefined) row.set(short.charCodeAt(0), to);
    else byHigh[point >> 4]!.set((point & 15).toString(16).charCodeAt(0), to);
  }
  const high: Row = new Map(byHigh.flatMap((low, i) => (low.size > 0 ? [[0x30 + i, intern(low)] as const] : [])));
  if (high.size > 0) row.set(0x75, intern(new Map([[0x30, intern(new Map([[0x30, intern(high)]]))]])));
  return intern(row);
};

const tableTerminal = (rows: readonly Row[], start: number, accepts: (state: number) => boolean): Terminal => {
  const table = new Int16Array(rows.length * 256).fill(-1);
  for (const [state, row] of rows.entries()) for (const [byte, to] of row) table[state * 256 + byte] = to;
  return {
    start,
    next: (state, byte) => table[state * 256 + byte]!,
    accepts,
    goesOn: (state) => rows[state]!.size > 0,
    rest({ single }) {
      const sources: number[][] = rows.map(() => []);
      for (const [state, row] of rows.entries()) for (const [byte, to] of row) if (single[byte]) sources[to]!.push(state);
      const found = new Float64Array(rows.length).fill(Number.POSITIVE_INFINITY);
      const reached = [...rows.keys()].filter(accepts);
      for (const state of reached) found[state] = 0;
      for (const state of reached)
        for (const source of sources[state]!) {
          if (found[source] !== Number.POSITIVE_INFINITY) continue;
          found[source] = found[state]! + 1;
          reached.push(source);
        }
      return (state) => found[state]!;
    },
  };
};
