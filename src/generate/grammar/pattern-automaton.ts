import { ConfigError } from '../../core/index.ts';
import { allBut, type CodePoints, codePoints, everyCodePoint } from './code-points.ts';
import { type Pattern, parsePattern } from './pattern.ts';
import { addState, bothTexts, classOf, otherTexts, type TextAutomaton, trimmed } from './text-automaton.ts';
import type { Work } from './work.ts';

interface Place {
  readonly free: number[];
  /** Edges that can be taken only before the first character, and only after the last. */
  readonly atBegin: number[];
  readonly atEnd: number[];
  readonly on: { readonly set: CodePoints; readonly to: number }[];
}

const mostPlaces = 40_000;

/**
 * The texts that a regular expression matches.
 *
 * @param search  whether a match anywhere in the text is enough, as JSON Schema has it; else the whole text must match
 * @throws ConfigError for an expression that cannot be honoured (look-ahead in what is repeated without end, too), or that unfolds to too much
 */
export const patternAutomaton = (source: string, { search, work }: { readonly search: boolean; readonly work: Work }): TextAutomaton => {
  const { where, spend } = work;
  const pattern = parsePattern(source, where);
  const places: Place[] = [];
  let built = 0;
  const refuse = (expected: string): never => {
    throw new ConfigError(`${where}: expected a pattern ${expected}, got ${JSON.stringify(source.slice(0, 40))}; write a simpler one`);
  };
  const place = (edges: Partial<Place> = {}): number => {
    if (places.length === mostPlaces) refuse('that unfolds to less');
    return places.push({ free: [], atBegin: [], atEnd: [], on: [], ...edges }) - 1;
  };
  const reach = (from: Iterable<number>, begin: boolean, end: boolean): Set<number> => {
    const found = new Set(from);
    for (const at of found) {
      const { free, atBegin, atEnd } = places[at]!;
      for (const to of free) found.add(to);
      if (begin) for (const to of atBegin) found.add(to);
      if (end) for (const to of atEnd) found.add(to);
    }
    spend(found.size);
    return found;
  };
  /** The texts that lead from one place to another. */
  const determined = (from: number, last: number, begin: boolean): TextAutomaton => {
    const cuts = cutsOf(places);
    const states: Set<number>[] = [reach([from], begin, false)];
    const known = new Map<string, number>();
    const next: number[] = [];
    for (const state of states) {
      const targets: (Set<number> | undefined)[] = Array(cuts.length);
      for (const at of state)
        for (const { to, set } of places[at]!.on)
          for (const [low, high] of set)
            for (let one = classOf(cuts, low), past = classOf(cuts, high); one <= past; one++) {
              spend(1);
              targets[one] ??= new Set();
              targets[one]!.add(to);
            }
      let [before, found]: [string, number] = ['', -1];
      for (const target of targets) {
        const key = target ? [...target].sort((a, b) => a - b).join() : '';
        if (key !== before) {
          found = target ? (known.get(key) ?? states.push(reach(target, false, false)) - 1) : -1;
          known.set(key, found);
          addState(states.length, cuts.length, work);
          before = key;
        }
        next.push(found);
      }
    }
    const accepts = states.map((state, i) => reach(state, begin && i === 0, true).has(last));
    return trimmed({ cuts, next: Int32Array.from(next), accepts });
  };

  const first = place();
  const last = place();
  /** @returns a place from where a match leads to `to` */
  const build = (part: Pattern, to: number, endless: boolean): number => {
    if (++built > 2 * mostPlaces) refuse('that unfolds to less'); // what is empty takes no place
    if (part.kind === 'set') return place({ on: [{ set: part.set, to }] });
    if (part.kind === 'begin') return place({ atBegin: [to] });
    if (part.kind === 'end') return place({ atEnd: [to] });
    if (part.kind === 'sequence') return part.parts.reduceRight((at, one) => build(one, at, endless), to);
    if (part.kind === 'choice') return place({ free: part.parts.map((one) => build(one, to, endless)) });
    if (part.kind === 'ahead') {
      if (endless) refuse('without look-ahead in what is repeated without end');
      const anything = loop();
      const ahead = determined(build(part.part, anything, endless), anything, false);
      if ([...reach([to], false, true)].some((at) => places[at]!.atBegin.length > 0)) refuse('without ^ after look-ahead');
      return embed(bothTexts(determined(to, last, false), part.wanted ? ahead : otherTexts(ahead), work));
    }
    let at = to;
    if (part.most === Number.POSITIVE_INFINITY) {
      at = place({ free: [to] });
      places[at]!.free.push(build(part.part, at, true));
    } else for (let i = part.least; i < part.most; i++) at = place({ free: [build(part.part, at, endless), to] });
    for (let i = 0; i < part.least; i++) at = build(part.part, at, endless);
    return at;
  };
  const loop = (at = place()): number => {
    places[at]!.on.push({ set: everyCodePoint, to: at });
    return at;
  };
  /** A place from where the texts of an automaton lead to the end. */
  const embed = ({ cuts, next, accepts }: TextAutomaton): number => {
    const own = accepts.map((accepted) => place({ atEnd: accepted ? [last] : [] }));
    for (const [edge, to] of next.entries()) {
      const i = edge % cuts.length;
      if (to >= 0) places[own[Math.floor(edge / cuts.length)]!]!.on.push({ set: codePoints([cuts[i]!, (cuts[i + 1] ?? 0x110000) - 1]), to: own[to]! });
    }
    return own[0]!;
  };
  if (search) loop(last);
  places[first]!.free.push(build(pattern, last, false));
  if (search) loop(first);
  return determined(first, last, true);
};

const cutsOf = (places: readonly Place[]): number[] =>
  [...new Set(places.flatMap(({ on }) => on.flatMap(({ set }) => [...set, ...allBut(set)].map(([low]) => low))).concat(0))].sort((a, b) => a - b);
