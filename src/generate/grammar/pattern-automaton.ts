import { ConfigError } from '../../core/index.ts';
import { allBut, type CodePoints, codePoints, everyCodePoint } from './code-points.ts';
import { type Pattern, parsePattern, words } from './pattern.ts';
import { addState, bothTexts, classOf, otherTexts, type TextAutomaton, trimmed } from './text-automaton.ts';
import type { Work } from './work.ts';

interface Place {
  readonly free: number[];
  /** Edges that can be taken only before the first character, and only after the last. */
  readonly atBegin: number[];
  readonly atEnd: number[];
  /** Edges that can be taken only where words before and after do. */
  readonly where: { readonly holds: (before: boolean, after: boolean) => boolean; readonly to: number }[];
  readonly on: { readonly set: CodePoints; readonly to: number }[];
}

/** Where in a text an edge is: at its beginning, at its end, after and before a letter of a word. */
interface Here {
  readonly begin: boolean;
  readonly end: boolean;
  readonly before: boolean;
  readonly after: boolean;
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
  const pattern = parsePattern(source, work);
  const looks = hasEdges(pattern);
  const places: Place[] = [];
  let built = 0;
  const refuse = (expected: string): never => {
    throw new ConfigError(`${where}: expected a pattern ${expected}, got ${JSON.stringify(source.slice(0, 40))}; write a simpler one`);
  };
  const place = (edges: Partial<Place> = {}): number => {
    if (places.length === mostPlaces) refuse('that unfolds to less');
    return places.push({ free: [], atBegin: [], atEnd: [], where: [], on: [], ...edges }) - 1;
  };
  const reach = (from: Iterable<number>, { begin, end, before, after }: Here): Set<number> => {
    const found = new Set(from);
    for (const at of found) {
      const { free, atBegin, atEnd, where } = places[at]!;
      for (const to of free) found.add(to);
      if (begin) for (const to of atBegin) found.add(to);
      if (end) for (const to of atEnd) found.add(to);
      for (const { holds, to } of where) if (holds(before, after)) found.add(to);
    }
    spend(found.size);
    return found;
  };
  /**
   * The texts that lead from one place to another.
   *
   * @param before  whether a letter of a word stands before them
   */
  const determined = (from: number, last: number, { begin, before }: { readonly begin: boolean; readonly before: boolean }): TextAutomaton => {
    const cuts = cutsOf(places, looks);
    const inWord = cuts.map((cut) => words.some(([low, high]) => cut >= low && cut <= high));
    // What came, and, where words matter, whether a letter of one came last: what follows is then looked at with each kind of next character.
    const states: { readonly at: ReadonlySet<number>; readonly before: boolean }[] = [{ at: new Set([from]), before }];
    const known = new Map<string, number>();
    const next: number[] = [];
    for (const [i, state] of states.entries()) {
      const targets: (Set<number> | undefined)[] = Array(cuts.length);
      for (const after of looks ? [false, true] : [false])
        for (const at of reach(state.at, { begin: begin && i === 0, end: false, before: state.before, after }))
          for (const { to, set } of places[at]!.on)
            for (const [low, high] of set)
              for (let one = classOf(cuts, low), past = classOf(cuts, high); one <= past; one++) {
                spend(1);
                if (looks && inWord[one] !== after) continue;
                targets[one] ??= new Set();
                targets[one]!.add(to);
              }
      let [earlier, found]: [string, number] = ['', -1];
      for (const [one, target] of targets.entries()) {
        const word = looks && inWord[one]!;
        const key = target ? `${word ? 'w' : ''}${[...target].sort((a, b) => a - b).join()}` : '';
        if (key !== earlier) {
          found = target ? (known.get(key) ?? -1) : -1;
          spend(target?.size ?? 0);
          if (target && found < 0) {
            found = states.push({ at: target, before: word }) - 1;
            known.set(key, found);
            addState(states.length, cuts.length, work);
          }
          earlier = key;
        }
        next.push(found);
      }
    }
    const accepts = states.map((state, i) => reach(state.at, { begin: begin && i === 0, end: true, before: state.before, after: false }).has(last));
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
    if (part.kind === 'edge') return place({ where: [{ holds: (before, after) => (before !== after) === part.wanted, to }] });
    if (part.kind === 'sequence') return part.parts.reduceRight((at, one) => build(one, at, endless), to);
    if (part.kind === 'choice') return place({ free: part.parts.map((one) => build(one, to, endless)) });
    if (part.kind === 'ahead') {
      if (endless) refuse('without look-ahead in what is repeated without end');
      const anything = loop();
      const found = build(part.part, anything, endless);
      if (mayBegin(found) || mayBegin(to)) refuse('without ^ in or after look-ahead');
      const from = (before: boolean): number => {
        const ahead = determined(found, anything, { begin: false, before });
        return embed(bothTexts(determined(to, last, { begin: false, before }), part.wanted ? ahead : otherTexts(ahead), work));
      };
      if (!looks) return from(false);
      return place({ where: [false, true].map((word) => ({ holds: (before) => before === word, to: from(word) })) });
    }
    let at = to;
    if (part.most === Number.POSITIVE_INFINITY) {
      at = place({ free: [to] });
      places[at]!.free.push(build(part.part, at, true));
    } else for (let i = part.least; i < part.most; i++) at = place({ free: [build(part.part, at, endless), to] });
    for (let i = 0; i < part.least; i++) at = build(part.part, at, endless);
    return at;
  };
  /** Whether a ^ can be met before a character is. */
  const mayBegin = (from: number): boolean => {
    const found = new Set([from]);
    for (const at of found) {
      const { free, atBegin, atEnd, where } = places[at]!;
      if (atBegin.length > 0) return true;
      for (const to of [...free, ...atEnd, ...where.map((edge) => edge.to)]) found.add(to);
    }
    return false;
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
  return determined(first, last, { begin: true, before: false });
};

const cutsOf = (places: readonly Place[], looks: boolean): number[] => {
  const sets = [...new Set(places.flatMap(({ on }) => on.map(({ set }) => set))), ...(looks ? [words] : [])];
  return [...new Set(sets.flatMap((set) => [...set, ...allBut(set)].map(([low]) => low)).concat(0))].sort((a, b) => a - b);
};

const hasEdges = (pattern: Pattern): boolean => {
  if (pattern.kind === 'edge') return true;
  if (pattern.kind === 'sequence' || pattern.kind === 'choice') return pattern.parts.some(hasEdges);
  return (pattern.kind === 'repeat' || pattern.kind === 'ahead') && hasEdges(pattern.part);
};
